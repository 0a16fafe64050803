# Makefile - builds, tests and installs the plugin. All it needs of mighost comes from pkg-config.
PKG_CONFIG ?= pkg-config
MIGHOST ?= mighost
CFLAGS ?= -O2 -g
PLUGIN_CFLAGS = -std=c11 -Wall -Wextra -fPIC -fvisibility=hidden \
	$(shell $(PKG_CONFIG) --cflags mighost)
# -z defs: a missing library shows now and not when the plugin is loaded.
PLUGIN_LDFLAGS = -shared -Wl,-z,defs -Wl,-z,now
PLUGINDIR = $(shell $(PKG_CONFIG) --variable=plugindir mighost)

@FILE@.so: plugin.c
	$(CC) $(PLUGIN_CFLAGS) $(CFLAGS) $(PLUGIN_LDFLAGS) $(LDFLAGS) -o $@ plugin.c

check: @FILE@.so
	MIGHOST='$(MIGHOST)' sh test.sh

install: @FILE@.so
	install -d $(DESTDIR)$(PLUGINDIR)
	install -m 755 @FILE@.so $(DESTDIR)$(PLUGINDIR)

clean:
	rm -f @FILE@.so

.PHONY: check install clean
