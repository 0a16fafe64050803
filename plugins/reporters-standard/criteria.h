/* criteria.h - by what a run is called a success, asked of report.json. */
#ifndef MIGHOST_REPORTERS_CRITERIA_H
#define MIGHOST_REPORTERS_CRITERIA_H

#include <jansson.h>
#include <stddef.h>

enum criteria_answer { CRITERIA_NO, CRITERIA_YES, CRITERIA_OPEN };

const char *criteria_text(size_t i); /* NULL behind the last one */
enum criteria_answer criteria_ask(size_t i, const json_t *root);
const char *criteria_word(enum criteria_answer answer);

#endif
