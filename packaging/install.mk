# SPDX-License-Identifier: GPL-2.0-only
# install.mk - man pages, and what is installed where. Included by the Makefile.

prefix ?= /usr/local
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
sbindir ?= $(exec_prefix)/sbin
libdir ?= $(exec_prefix)/lib
datarootdir ?= $(prefix)/share
sysconfdir ?= $(if $(filter /usr,$(prefix)),/etc,$(prefix)/etc)
docdir ?= $(datarootdir)/doc/iommuscope
mandir ?= $(datarootdir)/man
bashcompletiondir ?= $(datarootdir)/bash-completion/completions
zshcompletiondir ?= $(datarootdir)/zsh/site-functions
fishcompletiondir ?= $(datarootdir)/fish/vendor_completions.d
# systemd looks below /usr/local, too.
systemdsystemunitdir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
INSTALL ?= install

# The pages are made of what the tools say themselves, so a cross build has native ones, too.
MAN_TOOLS := $(if $(CROSS_COMPILE),build/$(HOST_ARCH),$(OUT))
MAN_DIR := $(MAN_TOOLS)/man
MAN_PAGES := $(patsubst docs/man/%.in,$(MAN_DIR)/%,$(wildcard docs/man/*.in)) \
	     $(MAN_DIR)/iommuscope-format.5 $(MAN_DIR)/iommuscope-verdicts.7
MAN_MAKERS := docs/man/page $(wildcard docs/man/*.awk)

.PHONY: man
man: $(MAN_PAGES)

make_page = $(Q)mkdir -p $(@D) && docs/man/page $(MAN_TOOLS) $(VERSION) '$(1)' >$@.tmp && mv $@.tmp $@

$(MAN_DIR)/%: docs/man/%.in $(MAN_MAKERS) $(TOOLS:$(OUT)/%=$(MAN_TOOLS)/%)
	$(call say,MAN,$@)
	$(call make_page,$<)

$(MAN_DIR)/iommuscope-format.5: docs/format.md $(MAN_MAKERS)
	$(call say,MAN,$@)
	$(call make_page,$<=$(@F)=the format of recordings)

$(MAN_DIR)/iommuscope-verdicts.7: docs/verdicts.md $(MAN_MAKERS)
	$(call say,MAN,$@)
	$(call make_page,$<=$(@F)=what iommuscope concludes and what to do)

ifneq ($(CROSS_COMPILE),)
$(TOOLS:$(OUT)/%=$(MAN_TOOLS)/%) &:
	$(Q)$(MAKE) --no-print-directory ARCH=$(HOST_ARCH) CROSS_COMPILE= all
endif

# SOURCE:TARGET:MODE
tool_names := $(notdir $(TOOLS))
daemons := $(filter %d,$(tool_names))
installed = \
	$(foreach t,$(filter-out $(daemons),$(tool_names)),$(OUT)/$t:$(bindir)/$t:755) \
	$(foreach t,$(daemons),$(OUT)/$t:$(sbindir)/$t:755) \
	$(foreach p,$(MAN_PAGES),$p:$(mandir)/man$(subst .,,$(suffix $p))/$(notdir $p):644) \
	$(foreach t,$(tool_names),packaging/completion/bash:$(bashcompletiondir)/$t:644 \
		packaging/completion/fish:$(fishcompletiondir)/$t.fish:644) \
	packaging/completion/zsh:$(zshcompletiondir)/_iommutrace:644 \
	packaging/iommuscope.sysusers:$(sysusersdir)/iommuscope.conf:644 \
	packaging/prometheus/iommuscope.rules.yml:$(datarootdir)/iommuscope/iommuscope.rules.yml:644 \
	packaging/grafana/iommuscope.json:$(datarootdir)/iommuscope/grafana.json:644 \
	$(foreach f,README.md docs/format.md docs/verdicts.md docs/jsonl.schema.json,$f:$(docdir)/$(notdir $f):644)

.PHONY: install
install: $(TOOLS) $(MAN_PAGES)
	$(Q)set -e; for file in $(installed); do IFS=:; set -- $$file; \
		$(INSTALL) -D -m $$3 $$1 '$(DESTDIR)'$$2; done
	$(Q)echo "installed below $(DESTDIR)$(prefix)"

.PHONY: uninstall
uninstall:
	$(Q)for file in $(installed); do IFS=:; set -- $$file; rm -f '$(DESTDIR)'$$2; done
	$(Q)rmdir '$(DESTDIR)$(docdir)' 2>/dev/null || true

# Debian packages, for this machine's release.
.PHONY: deb
deb:
	$(Q)packaging/deb

# Those packages, built, installed and removed in roots of their own; some minutes, and the roots once.
.PHONY: check-package
check-package: have-deps
	$(Q)tests/package/check-package $(SUITES)
