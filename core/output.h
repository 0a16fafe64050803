/* output.h - results on stdout, for this program alone: descriptor 1 and the C library's stdout
 * lead to stderr, so that nothing that a plugin prints gets into them. Leaf. */
#ifndef MIGHOST_OUTPUT_H
#define MIGHOST_OUTPUT_H

/* Once, in main. Before it, results go to stdout itself. */
void output_init(void);
void output_text(const char *text);
/* Text and a line break. */
void output_line(const char *text);
void output_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
int output_is_terminal(void);
/* Writes what is buffered, for who looks on. */
void output_flush(void);
/* On a terminal: what is written next stands in place of the last `lines` lines. */
void output_over(int lines);
/* Columns of the terminal; 80 where they are not known. */
int output_columns(void);
/* Writes what is buffered. 0, or the errno of what could not be written; a reader that went away
 * is no failure. */
int output_end(void);

#endif
