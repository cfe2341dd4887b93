# SPDX-License-Identifier: GPL-2.0-only
#
#   make          build the tools              make demo    the main job, on real (emulated) SMMUs
#   make check    every test                   make deps    install what both need (apt)
#   make unit     unit tests (SAN=1: with ASan and UBSan)
#   make fuzz     fuzz the reader              make bench-reader, bench-top, bench-hot, bench-recording, bench-start, bench-daemon
#   make driver   build the kernel modules     make scenarios  run every scenario of them
#   make check-drivers   their own tests, long
#   make matrix   the truth table: every kernel and IOMMU (ONLY='arm64-*': those)
#   make install  DESTDIR=, prefix= (/usr/local), bindir= and so on; make uninstall; make man
#   make deb      Debian packages              make check-package   try them in roots of Debian 12 and 13
#   make clean    V=1: show commands           ARCH=arm64: cross build

ARCH ?= $(patsubst x86_64,amd64,$(patsubst aarch64,arm64,$(shell uname -m)))
ifeq ($(ARCH),amd64)
BPF_ARCH := x86
TRIPLET := x86_64-linux-gnu
else ifeq ($(ARCH),arm64)
BPF_ARCH := arm64
TRIPLET := aarch64-linux-gnu
else
$(error ARCH=$(ARCH) is not supported: amd64 and arm64 are)
endif
HOST_ARCH := $(patsubst x86_64,amd64,$(patsubst aarch64,arm64,$(shell uname -m)))
ifneq ($(ARCH),$(HOST_ARCH))
CROSS_COMPILE ?= $(TRIPLET)-
endif

# SAN=1: with ASan and UBSan.
OUT := build/$(ARCH)$(if $(SAN),-san)

CC := $(CROSS_COMPILE)gcc
AR := $(CROSS_COMPILE)ar
CLANG ?= clang
LLVM_STRIP ?= $(firstword $(wildcard /usr/bin/llvm-strip /usr/bin/llvm-strip-[0-9]*) llvm-strip)
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG := PKG_CONFIG_LIBDIR=/usr/lib/$(TRIPLET)/pkgconfig:/usr/share/pkgconfig pkg-config

VERSION := 0.1
comma := ,
SANITIZE := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all)
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter \
	-Wno-missing-field-initializers $(if $(CI),-Werror)
ALL_CFLAGS := -std=gnu11 $(WARN) $(CPPFLAGS) $(CFLAGS) -D_GNU_SOURCE -DIMS_VERSION='"$(VERSION)"' \
	      -Iinclude -Isrc -I. -I$(OUT) -MMD -MP $(SANITIZE)
ALL_LDFLAGS = $(LDFLAGS) $(SANITIZE)
LIBS_PURE = $(shell $(PKG) --libs zlib jansson libprotobuf-c) -lm
LIBS_BPF = $(shell $(PKG) --libs libbpf libdw libelf zlib)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)')

# src/capture is the only room that knows libbpf: everything else is in the pure library.
PURE_SRC := $(sort $(wildcard src/stream/*.c src/model/*.c src/view/*.c src/gate/*.c))
CAP_SRC := $(sort $(wildcard src/capture/*.c))
DAEMON_SRC := $(sort $(wildcard src/daemon/*.c))
TOOL_SRC := $(sort $(wildcard tools/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
PURE_OBJ := $(PURE_SRC:%.c=$(OUT)/%.o) $(OUT)/perfetto.pb-c.o
CAP_OBJ := $(CAP_SRC:%.c=$(OUT)/%.o)
DAEMON_OBJ := $(DAEMON_SRC:%.c=$(OUT)/%.o)
SKELS := $(patsubst bpf/%.bpf.c,$(OUT)/%.skel.h,$(wildcard bpf/*.bpf.c))
# All but iommud is built without what only that needs.
ifneq ($(shell $(PKG) --exists libsystemd libmicrohttpd 2>/dev/null && echo yes),yes)
$(shell echo 'iommud is left out: libsystemd-dev or libmicrohttpd-dev is missing (make deps)' >&2)
TOOL_SRC := $(filter-out tools/iommud.c,$(TOOL_SRC))
UNIT_SRC := $(filter-out tests/unit/test_daemon.c,$(UNIT_SRC))
endif
# The programs are tools/iommu*.c; the other files in tools/ are shared by them.
TOOLS := $(patsubst tools/%.c,$(OUT)/%,$(filter tools/iommu%,$(TOOL_SRC)))
TOOL_OBJ := $(patsubst %.c,$(OUT)/%.o,$(filter-out tools/iommu% tools/top_%,$(TOOL_SRC)))
# src/view/tui is the only room that knows ncurses; iommutop alone has it.
TOP_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard tools/top_*.c src/view/tui/*.c))
UNIT := $(UNIT_SRC:tests/unit/%.c=$(OUT)/unit/%)

.PHONY: all
all: $(TOOLS)

$(OUT)/libims.a: $(PURE_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/libcapture.a: $(CAP_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/libdaemon.a: $(DAEMON_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/%.o: %.c Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

# The parts of the HTML page.
PAGE := $(OUT)/html_assets.h
$(PAGE): $(wildcard src/view/html/*)
	$(call say,PAGE,$@)
	@mkdir -p $(@D)
	$(Q)src/view/html/embed src/view/html > $@.tmp && mv $@.tmp $@

$(OUT)/src/view/view_html.o: $(PAGE)

$(CAP_OBJ): $(SKELS)

$(OUT)/%.pb-c.c $(OUT)/%.pb-c.h &: src/view/%.proto
	$(call say,PROTO,$@)
	@mkdir -p $(@D)
	$(Q)protoc --c_out=$(OUT) -Isrc/view $<

$(OUT)/perfetto.pb-c.o: $(OUT)/perfetto.pb-c.c
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(OUT)/src/view/view_perfetto.o: $(OUT)/perfetto.pb-c.h

$(OUT)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -Wall $(if $(CI),-Werror) -D__TARGET_ARCH_$(BPF_ARCH) \
		-I. -Iinclude -Ibpf -MMD -MP -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

.PRECIOUS: $(OUT)/bpf/%.bpf.o
$(OUT)/%.skel.h: $(OUT)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(if $(filter iommuscope,$*),ims,$*)_bpf > $@.tmp && mv $@.tmp $@

$(OUT)/iommud: $(OUT)/libdaemon.a
$(OUT)/iommud $(OUT)/unit/test_daemon $(OUT)/serve_metrics: LIBS_DAEMON = $(shell $(PKG) --libs libsystemd libmicrohttpd)
$(OUT)/iommutop: $(TOP_OBJ)
$(OUT)/iommutop: LIBS_TUI = $(shell $(PKG) --libs ncursesw)
$(TOOLS): $(OUT)/%: $(OUT)/tools/%.o $(TOOL_OBJ) $(OUT)/libcapture.a $(OUT)/libims.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) \
		-Wl,--end-group $(LIBS_BPF) $(LIBS_PURE) $(LIBS_TUI) $(LIBS_DAEMON)

$(UNIT): $(OUT)/unit/%: $(OUT)/tests/unit/%.o $(OUT)/libims.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(LIBS_PURE) $(LIBS_DAEMON) -lcmocka

# What needs no kernel of the tools' own.
$(OUT)/unit/test_tools $(OUT)/unit/test_recorder: \
	$(addprefix $(OUT)/tools/,child.o output.o common.o tool.o privileges.o recorder.o trigger.o)

$(OUT)/unit/test_filter: $(addprefix $(OUT)/tools/,filter.o common.o tool.o privileges.o)
$(OUT)/unit/test_daemon: $(OUT)/libdaemon.a
$(OUT)/unit/test_pci_names: $(OUT)/src/capture/pci_names.o
$(OUT)/unit/test_usyms: $(OUT)/src/capture/usyms.o
$(OUT)/unit/test_usyms: LIBS_PURE += -lelf

.PHONY: unit
unit: $(UNIT)
	$(Q)set -e; for t in $(UNIT); do $$t; done

# Each target for so long. One allocation is never above 32 MiB, all together with the sanitizers'
# own never above 768, whatever the input says.
FUZZ_SECONDS ?= 120
FUZZ_CC = $(CLANG) -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION -std=gnu11 -O1 -g -D_GNU_SOURCE -DIMS_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(OUT) -fno-sanitize-recover=all \
	-fsanitize=fuzzer$(comma)address$(comma)undefined
FUZZ_ARGS := -timeout=10 -max_len=4096 -malloc_limit_mb=32 -rss_limit_mb=768 -print_final_stats=1

$(OUT)/fuzz_reader: tests/fuzz/fuzz_reader.c $(wildcard src/stream/*.c)
$(OUT)/fuzz_views: tests/fuzz/fuzz_views.c $(PURE_SRC) $(OUT)/perfetto.pb-c.c $(PAGE)
$(OUT)/fuzz_gate: tests/fuzz/fuzz_gate.c $(filter-out src/view/view_%,$(PURE_SRC))
$(OUT)/fuzz_reader $(OUT)/fuzz_views $(OUT)/fuzz_gate: $(wildcard tests/fuzz/*.h src/*/*.h include/iommuscope/*.h) Makefile
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(filter %.c,$^) -o $@ $(LIBS_PURE)

.PHONY: fuzz
fuzz: $(OUT)/fuzz_reader $(OUT)/fuzz_views $(OUT)/fuzz_gate
	$(Q)mkdir -p $(OUT)/corpus $(OUT)/corpus-gate
	$(Q)set -e; for target in $^; do corpus=corpus; [ $$target != $(OUT)/fuzz_gate ] || corpus=corpus-gate; \
		$$target -max_total_time=$(FUZZ_SECONDS) $(FUZZ_ARGS) -artifact_prefix=$(OUT)/ $(OUT)/$$corpus tests/fuzz/$$corpus; done

$(OUT)/bench_reader: $(OUT)/tests/bench/bench_reader.o $(OUT)/libims.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_PURE)

# Recordings for tests/html/check.
$(OUT)/make_stream: $(OUT)/tests/html/make_stream.o $(OUT)/libims.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_PURE)

# The recorder without a kernel, for tests/cli/kill.
$(OUT)/record_made: $(OUT)/tests/cli/record_made.o $(OUT)/libims.a \
	$(addprefix $(OUT)/tools/,recording.o recorder.o output.o status.o child.o trigger.o common.o tool.o privileges.o)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(OUT)/libims.a $(LIBS_PURE)

# A recording's metrics, as iommud serves them, for tests/metrics/check.
$(OUT)/serve_metrics: $(OUT)/tests/metrics/serve.o $(OUT)/libdaemon.a $(OUT)/libims.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(LIBS_PURE) $(LIBS_DAEMON)

# What recording adds to a map and its unmap, in instructions: a minute in a guest.
.PHONY: bench-hot
bench-hot: guest-amd64
	$(Q)tests/bench/hot

# The same beside other tracers, in instructions and in time: minutes.
.PHONY: bench-overhead
bench-overhead: guest-amd64
	$(Q)tests/bench/overhead

# Whether iommugate cries wolf, and what it finds: BOOTS=20 and RUNS=200 take two hours.
.PHONY: study-gate
study-gate: all guest-amd64
	$(Q)tests/bench/study-gate $(BOOTS) $(RUNS)

.PHONY: bench-recording
bench-recording: guest-amd64
	$(Q)tests/bench/recording

$(OUT)/bench_top: $(OUT)/tests/bench/bench_top.o $(OUT)/libims.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_PURE)

.PHONY: bench-top
bench-top: $(OUT)/bench_top
	$(Q)$<

# Until all is attached, beside bpftrace: two minutes in a guest.
.PHONY: bench-start
bench-start: guest-amd64
	$(Q)tests/bench/start

.PHONY: bench-reader
bench-reader: $(OUT)/bench_reader
	$(Q)$<

# What the check of vmlinux.h needs: the programs of both architectures, and what they relocate.
.PHONY: btf-objects
btf-objects: build/relocs
	$(Q)$(MAKE) --no-print-directory ARCH=amd64 build/amd64/bpf/iommuscope.bpf.o
	$(Q)$(MAKE) --no-print-directory ARCH=arm64 build/arm64/bpf/iommuscope.bpf.o

build/relocs: tests/btf/relocs.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< -o $@ $(LIBS_BPF)

# ---- what the machine has to have, and the testbed -------------------------------------------------

DEPS := gcc make clang llvm bpftool libbpf-dev libelf-dev libdw-dev zlib1g-dev libjansson-dev uthash-dev \
	libcmocka-dev libclang-rt-dev man-db mandoc pkg-config jq libprotobuf-c-dev protobuf-c-compiler protobuf-compiler \
	libncurses-dev libsystemd-dev libmicrohttpd-dev tmux
ifneq ($(ARCH),$(HOST_ARCH))
DEPS += gcc-$(subst _,-,$(TRIPLET)) $(addsuffix :$(ARCH),libbpf-dev libelf-dev libdw-dev zlib1g-dev libjansson-dev libprotobuf-c-dev \
	libncurses-dev libsystemd-dev libmicrohttpd-dev)
endif

.PHONY: deps
deps:
	$(Q)tests/deps $(DEPS)

# Installs what is missing; says nothing when nothing is.
.PHONY: have-deps
have-deps:
	$(Q)tests/deps --missing $(DEPS)

TESTBED := tests/vm/testbed

# The tools as the guests run them: built in the testbed's root, for its libraries.
.PHONY: guest-arm64 guest-amd64
guest-arm64 guest-amd64: guest-%: have-deps
	$(Q)$(TESTBED) setup
	$(Q)$(TESTBED) exec --bind $(CURDIR):/src --chdir /src -- tests/vm/build-guest $*

.PHONY: demo
demo: have-deps
	$(Q)$(MAKE) --no-print-directory all guest-arm64
	$(Q)tests/vm/demo

# The kernel modules, for kernels of the matrix: driver/README.md tells how to build for others.
DRIVER_FOR ?= amd64-vtd-backports arm64-smmuv3-backports
.PHONY: driver
driver: have-deps
	$(Q)$(TESTBED) setup
	$(Q)set -e; for entry in $(DRIVER_FOR); do driver/build $$entry; done

.PHONY: scenarios
scenarios: all guest-arm64 guest-amd64
	$(Q)tests/vm/scenarios

# The truth table: every entry of the matrix, or those that match ONLY. README=1: into README.md, too.
.PHONY: matrix
matrix: all guest-arm64 guest-amd64
	$(Q)tests/vm/check $(foreach entry,$(or $(ONLY),*),'$(entry)')
	$(if $(README),$(Q)awk '/^<!-- the table/ { print; print "```"; skip = 1; \
		while ((getline row <"build/vm/table") > 0) print row; print "```" } \
		/^<!-- end/ { skip = 0 } !skip' README.md >build/README && cp build/README README.md)

# The drivers' own tests, on all their kernels: failure at every point, 200 loads, VFIO, scale. Not in
# "make check": they take half an hour. CHECK_DRIVERS_FOR=ENTRY and ROUNDS=N make them shorter.
.PHONY: check-drivers
check-drivers: have-deps
	$(Q)$(TESTBED) setup
	$(Q)tests/vm/tests-driver/run $(CHECK_DRIVERS_FOR)

# kill -9 at 200 random moments: without a kernel, in a minute; then in a guest, KILLS of them, which is long.
KILLS ?= 200
.PHONY: check-kill
check-kill: all guest-arm64
	$(Q)tests/cli/kill 200
	$(Q)ONLY_KILLS=1 tests/vm/check-record $(KILLS)

# A network card's driver is unbound and bound 1,000 times beside iommud; long.
.PHONY: check-rebind
check-rebind: all guest-amd64
	$(Q)REBINDS=1000 tests/vm/check-daemon amd64-vtd-backports

# The package under a systemd that runs in a guest.
.PHONY: check-systemd
check-systemd: have-deps
	$(Q)$(TESTBED) setup
	$(Q)tests/package/check-systemd

.PHONY: check
check: have-deps
	$(Q)tests/check

include packaging/install.mk

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
