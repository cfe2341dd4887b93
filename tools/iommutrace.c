// SPDX-License-Identifier: GPL-2.0-only
/* iommutrace - recordings of the life of IOMMU domains. */
#include "tools/bundle.h"
#include "tools/diff.h"
#include "tools/events.h"
#include "tools/export.h"
#include "tools/info.h"
#include "tools/plan.h"
#include "tools/record.h"
#include "tools/report.h"
#include "tools/tool.h"

static const struct command *const commands[] = {
	&command_record, &command_report, &command_events, &command_info,   &command_diff,
	&command_export, &command_plan,	  &command_bundle, NULL};

static const struct tool iommutrace = {
	.name = "iommutrace",
	.summary = "Recordings of the life of IOMMU domains, for bug reports.",
	.more = "'iommutrace COMMAND --help' tells more. Exit status: 0 fine, 1 runtime error,\n"
		"2 usage, 3 a finding (--fail-on), 4 inconclusive (loss).",
	.command = commands,
};

int main(int argc, char **argv)
{
	return tool_run(&iommutrace, argc, argv);
}
