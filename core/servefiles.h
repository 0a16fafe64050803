/* servefiles.h - share/page/ in the program: core/Makefile.inc makes servefiles.c of it. */
#ifndef MIGHOST_SERVEFILES_H
#define MIGHOST_SERVEFILES_H

extern const char servefiles_page_html[], servefiles_page_css[], servefiles_page_js[];

#endif
