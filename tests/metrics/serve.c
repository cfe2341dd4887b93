// SPDX-License-Identifier: GPL-2.0-only
/*
 * serve RECORDING ADDRESS:PORT: what iommud would serve of metrics at the end of a recording, by its own code, on a
 * machine that has no IOMMU.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "daemon/export.h"

int main(int argc, char **argv)
{
	struct ims_flight *flight = ims_flight_new(1 << 20, 0);
	struct model *model = model_new();
	struct clients clients = {};
	struct exporter exporter = {.model = model, .clients = &clients, .flight = flight};
	struct epoll_event event;
	struct ims_reader *reader;
	struct ims_record rec;

	exporter.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (argc != 3 || !model || !flight || exporter.epoll < 0 ||
	    ims_reader_open(open(argv[1], O_RDONLY | O_CLOEXEC), &reader))
		return 2;
	while (ims_reader_next(reader, &rec) > 0)
		if (model_apply(model, &rec))
			return 1;
	ims_reader_free(reader);
	if (exporter_set(&exporter, argv[2], ""))
		return 1;
	puts("serving");
	fflush(stdout);
	while (epoll_wait(exporter.epoll, &event, 1, 1000) >= 0)
		exporter_run(&exporter);
	return 0;
}
