/* SPDX-License-Identifier: GPL-2.0-only */
/* tui.h - the terminal: the only room that knows ncurses. */
#ifndef VIEW_TUI_H
#define VIEW_TUI_H

#include <iommuscope/top.h>

/*
 * Takes the terminal: @keys_fd is where keys come from (standard input, or the terminal when that is
 * a stream). Returns 0, or -ENOTTY; then TERM names no terminal that can be drawn on.
 */
int tui_open(int keys_fd, bool color);
void tui_close(void);

int tui_draw(struct top *top, const struct model *m, const struct top_status *status);
/* What is typed until now; waits for nothing. The last action that is one, or TOP_NOTHING; *@any:
 * whether there was a key, so that the screen has to be drawn again. */
enum top_action tui_key(struct top *top, const struct model *m, bool *any);

#endif
