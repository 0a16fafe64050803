# Makefile - builds, tests and installs the plugin. All it needs of mighost comes from pkg-config.
PKG_CONFIG ?= pkg-config
MIGHOST ?= mighost
CXXFLAGS ?= -O2 -g
PLUGIN_CXXFLAGS = -std=c++11 -Wall -Wextra -fno-exceptions -fPIC -fvisibility=hidden \
	$(shell $(PKG_CONFIG) --cflags mighost)
# -z defs: a missing library shows now and not when the plugin is loaded.
PLUGIN_LDFLAGS = -shared -Wl,-z,defs -Wl,-z,now
PLUGINDIR = $(shell $(PKG_CONFIG) --variable=plugindir mighost)

@FILE@.so: plugin.cc
	$(CXX) $(PLUGIN_CXXFLAGS) $(CXXFLAGS) $(PLUGIN_LDFLAGS) $(LDFLAGS) -o $@ plugin.cc

check: @FILE@.so
	MIGHOST='$(MIGHOST)' sh test.sh

install: @FILE@.so
	install -d $(DESTDIR)$(PLUGINDIR)
	install -m 755 @FILE@.so $(DESTDIR)$(PLUGINDIR)

clean:
	rm -f @FILE@.so

.PHONY: check install clean
