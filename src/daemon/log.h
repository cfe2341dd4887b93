/* SPDX-License-Identifier: GPL-2.0-only */
/* log.h - one line on stderr, with its priority when the journal reads it. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

enum log_level { LOG_FAILURE = 3, LOG_WARN = 4, LOG_SAY = 6 };

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
