// SPDX-License-Identifier: GPL-2.0-only
/* iommugate - what the map path costs, and whether a change made it dearer. */
#include "tools/gate.h"
#include "tools/tool.h"

static const struct command *const commands[] = {&command_gate_run, &command_gate_exact,
						 &command_gate_compare, &command_gate_history,
						 NULL};

static const struct tool iommugate = {
	.name = "iommugate",
	.summary = "Performance gates for kernels and IOMMU drivers.",
	.more = "'iommugate COMMAND --help' tells more. Exit status: 0 pass, 1 runtime error,\n"
		"2 usage, 3 a regression, 4 inconclusive (loss, noise, nothing to compare).",
	.command = commands,
};

int main(int argc, char **argv)
{
	return tool_run(&iommugate, argc, argv);
}
