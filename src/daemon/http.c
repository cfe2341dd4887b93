// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

#define CONNECTIONS 16
#define IDLE_SECONDS 10u
#define CONNECTION_BYTES ((size_t)16 << 10)

#define OPENMETRICS "application/openmetrics-text"
#define OPENMETRICS_TYPE OPENMETRICS "; version=1.0.0; charset=utf-8"
#define TEXT_TYPE   "text/plain; version=0.0.4; charset=utf-8"

struct http {
	struct MHD_Daemon *mhd;
	http_metrics_fn *metrics;
	void *arg;
};

static enum MHD_Result answer(struct MHD_Connection *to, unsigned int status, const char *type,
			      char *text, size_t bytes, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(bytes, text, mode);
	enum MHD_Result done;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	done = MHD_queue_response(to, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result answer_line(struct MHD_Connection *to, unsigned int status, const char *line)
{
	return answer(to, status, "text/plain; charset=utf-8", (char *)line, strlen(line),
		      MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer_metrics(const struct http *h, struct MHD_Connection *to)
{
	const char *accept = MHD_lookup_connection_value(to, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool openmetrics = accept && strstr(accept, OPENMETRICS);
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int err = out ? h->metrics(h->arg, out, openmetrics) : -ENOMEM;

	if (out && fclose(out) && !err)
		err = -ENOMEM;
	if (!err)
		return answer(to, MHD_HTTP_OK, openmetrics ? OPENMETRICS_TYPE : TEXT_TYPE, text,
			      bytes, MHD_RESPMEM_MUST_FREE);
	free(text);
	return answer_line(to, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory\n");
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *to, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_bytes, void **state)
{
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_line(to, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics\n");
	if (!strcmp(url, "/metrics"))
		return answer_metrics(arg, to);
	if (!strcmp(url, "/"))
		return answer_line(to, MHD_HTTP_OK, "iommud " IMS_VERSION ": GET /metrics\n");
	return answer_line(to, MHD_HTTP_NOT_FOUND, "only /metrics is here\n");
}

/* Numbers only: a name that cannot be resolved at boot would keep a daemon from starting. */
static int resolve(const char *address, struct addrinfo **found)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				       .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(address, ':');
	char host[64];
	size_t n;

	if (!colon)
		return -EINVAL;
	n = colon - address;
	if (n >= 2 && address[0] == '[' && colon[-1] == ']') {
		address++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, address, n);
	host[n] = 0;
	return getaddrinfo(*host ? host : NULL, colon + 1, &hints, found) ? -EINVAL : 0;
}

/* What a browser or a port scanner does wrong is not for the journal. */
static void quiet(void *arg, const char *fmt, va_list args)
{
}

static int start(struct http *h, const struct addrinfo *at)
{
	unsigned int flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG;

	if (at->ai_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	h->mhd = MHD_start_daemon(flags, 0, NULL, NULL, on_request, h,
				  MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL, MHD_OPTION_SOCK_ADDR,
				  at->ai_addr, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
				  MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
				  MHD_OPTION_END);
	return h->mhd ? 0 : errno ? -errno : -EADDRINUSE;
}

int http_open(struct http **out, const char *address, http_metrics_fn *metrics, void *arg)
{
	struct http *h = calloc(1, sizeof(*h));
	struct addrinfo *at = NULL;
	int err = h ? resolve(address, &at) : -ENOMEM;

	if (!err) {
		h->metrics = metrics;
		h->arg = arg;
		err = start(h, at);
		freeaddrinfo(at);
	}
	if (!err) {
		*out = h;
		return 0;
	}
	log_line(LOG_FAILURE, "cannot serve metrics on %s: %s", address,
		 err == -EINVAL ? "no ADDRESS:PORT of numbers; \"off\" serves none" : strerror(-err));
	free(h);
	return err;
}

int http_fd(const struct http *h)
{
	return MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

void http_run(struct http *h)
{
	MHD_run(h->mhd);
}

void http_close(struct http *h)
{
	if (!h)
		return;
	MHD_stop_daemon(h->mhd);
	free(h);
}
