# SPDX-License-Identifier: GPL-2.0-only
# install.mk - man pages, and what is installed where. Included by the Makefile.

prefix ?= /usr/local
exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
sbindir ?= $(exec_prefix)/sbin
datarootdir ?= $(prefix)/share
datadir ?= $(datarootdir)
# Where iommud looks by itself; elsewhere only for who has no business in /etc.
sysconfdir ?= $(if $(filter /usr /usr/local,$(prefix)),,$(prefix))/etc
docdir ?= $(datarootdir)/doc/iommuscope
mandir ?= $(datarootdir)/man
bashcompletiondir ?= $(datadir)/bash-completion/completions
zshcompletiondir ?= $(datadir)/zsh/site-functions
fishcompletiondir ?= $(datadir)/fish/vendor_completions.d
# systemd looks below /usr/local, too.
systemdsystemunitdir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
INSTALL ?= install

# The pages are made of what the tools say themselves, so a cross build has native ones, too.
MAN_TOOLS := $(if $(CROSS_COMPILE),build/$(HOST_ARCH),$(OUT))
MAN_DIR := $(MAN_TOOLS)/man
tool_names := $(notdir $(TOOLS))
daemons := $(filter %d,$(tool_names))
MAN_PAGES := $(foreach t,$(tool_names),$(patsubst docs/man/%.in,$(MAN_DIR)/%,$(wildcard docs/man/$t.*.in))) \
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

$(MAN_DIR)/iommud.conf: $(MAN_TOOLS)/iommud
	$(Q)mkdir -p $(@D) && $< --print-config >$@.tmp && mv $@.tmp $@

# It says where iommud is, which may be another place at each call.
.PHONY: $(MAN_DIR)/iommud.service
$(MAN_DIR)/iommud.service: packaging/iommud.service.in
	$(Q)mkdir -p $(@D) && rm -f $@ && sed 's,@sbindir@,$(sbindir),' $< >$@

# SOURCE:TARGET:MODE; a setting that is there stays.
installed = \
	$(foreach t,$(filter-out $(daemons),$(tool_names)),$(OUT)/$t:$(bindir)/$t:755) \
	$(foreach t,$(daemons),$(OUT)/$t:$(sbindir)/$t:755 \
		$(MAN_DIR)/$t.conf:$(sysconfdir)/iommuscope/$t.conf:setting \
		$(MAN_DIR)/$t.service:$(systemdsystemunitdir)/$t.service:644) \
	$(foreach p,$(MAN_PAGES),$p:$(mandir)/man$(subst .,,$(suffix $p))/$(notdir $p):644) \
	$(foreach t,$(tool_names),packaging/completion/bash:$(bashcompletiondir)/$t:644 \
		packaging/completion/fish:$(fishcompletiondir)/$t.fish:644) \
	packaging/completion/zsh:$(zshcompletiondir)/_iommutrace:644 \
	packaging/iommuscope.sysusers:$(sysusersdir)/iommuscope.conf:644 \
	packaging/prometheus/iommuscope.rules.yml:$(datadir)/iommuscope/iommuscope.rules.yml:644 \
	packaging/grafana/iommuscope.json:$(datadir)/iommuscope/grafana.json:644 \
	$(foreach f,README.md docs/format.md docs/verdicts.md docs/jsonl.schema.json,$f:$(docdir)/$(notdir $f):644)

.PHONY: install
install: $(TOOLS) $(MAN_PAGES) $(daemons:%=$(MAN_DIR)/%.conf) $(daemons:%=$(MAN_DIR)/%.service)
	$(Q)set -e; for file in $(installed); do IFS=:; set -- $$file; \
		if [ $$3 != setting ]; then $(INSTALL) -D -m $$3 $$1 '$(DESTDIR)'$$2; \
		elif [ ! -e '$(DESTDIR)'$$2 ]; then $(INSTALL) -D -m 644 $$1 '$(DESTDIR)'$$2; fi; done
	$(Q)echo "installed below $(DESTDIR)$(prefix)"

# Settings that somebody changed stay.
.PHONY: uninstall
uninstall:
	$(Q)for file in $(installed); do IFS=:; set -- $$file; \
		if [ $$3 != setting ] || cmp -s $$1 '$(DESTDIR)'$$2; then rm -f '$(DESTDIR)'$$2; fi; done
	$(Q)rmdir '$(DESTDIR)$(docdir)' '$(DESTDIR)$(datadir)/iommuscope' '$(DESTDIR)$(sysconfdir)/iommuscope' 2>/dev/null || true

# Debian packages, for this machine's release.
.PHONY: deb
deb:
	$(Q)packaging/deb

# Those packages, built, installed and removed in roots of their own; some minutes, and the roots once.
.PHONY: check-package
check-package: have-deps
	$(Q)tests/package/check-package $(SUITES)
