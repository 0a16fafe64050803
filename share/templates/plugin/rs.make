# Makefile - builds, tests and installs the plugin. rustc is all it takes to build it.
PKG_CONFIG ?= pkg-config
MIGHOST ?= mighost
RUSTC ?= rustc
RUSTFLAGS ?= -O
# A panic must not leave the plugin: it ends the program instead.
PLUGIN_RUSTFLAGS = --edition 2018 --crate-type cdylib --crate-name plugin -C panic=abort
PLUGINDIR = $(shell $(PKG_CONFIG) --variable=plugindir mighost)

@FILE@.so: plugin.rs mighost.rs
	$(RUSTC) $(PLUGIN_RUSTFLAGS) $(RUSTFLAGS) -o $@ plugin.rs

check: @FILE@.so
	MIGHOST='$(MIGHOST)' sh test.sh

install: @FILE@.so
	install -d $(DESTDIR)$(PLUGINDIR)
	install -m 755 @FILE@.so $(DESTDIR)$(PLUGINDIR)

clean:
	rm -f @FILE@.so

.PHONY: check install clean
