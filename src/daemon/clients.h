/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clients.h - who reads from the socket. All follow the flight recorder's chunks, each at its own place:
 * none has a queue of its own, so one that is slow, or never reads, costs what the largest chunk takes.
 */
#ifndef DAEMON_CLIENTS_H
#define DAEMON_CLIENTS_H

#include "daemon/head.h"
#include "daemon/listen.h"

struct clients {
	struct listener listener;
	struct heads heads;
	uint64_t most;
	int epoll;
	struct client *first;
	uint64_t count;
	/* so far */
	uint64_t served, refused, lost_chunks;
};

/* What is in an epoll event's data to tell them from other descriptors: the struct client. */
struct client;

/* A connection may be waiting. */
void clients_accept(struct clients *c, uint64_t now_ns);

/* @events are epoll's. */
void client_ready(struct clients *c, struct client *who, uint32_t events, uint64_t now_ns);

/* Hands what is new to everyone, and closes those that ask for nothing, or hold a head and do not read. */
void clients_serve(struct clients *c, uint64_t now_ns);

/* The stream is over: all get what there is for up to @patience_ns, then are closed. */
void clients_close(struct clients *c, uint64_t patience_ns);

#endif
