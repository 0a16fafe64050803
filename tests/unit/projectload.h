/* projectload.h - a project file of the scratch directory, loaded, and what was said of it. */
#ifndef MIGHOST_TEST_PROJECTLOAD_H
#define MIGHOST_TEST_PROJECTLOAD_H

#include "project.h"

#include "scratch.h"
#include "unit.h"

static struct faults faults;
static struct project *project;
static struct project_overrides overrides;

/* Loads `text` as project.json of the scratch directory. */
static struct project *load(const char *text)
{
    scratch_write("project.json", text, 0644);
    project_free(project);
    faults_clear(&faults);
    project = project_load(scratch_path("project.json"), &overrides, &faults);
    CU_ASSERT_EQUAL(project == NULL, faults.n > 0);
    return project;
}

static void loads(const char *text)
{
    load(text);
    for (size_t i = 0; i < faults.n; i++)
        printf("unexpected: %s\n", faults.items[i].what);
    CU_ASSERT_PTR_NOT_NULL_FATAL(project);
}

/* One fault whose text ends so; it begins with the path. */
static void refused(const char *text, const char *end)
{
    CU_ASSERT_PTR_NULL(load(text));
    if (faults.n != 1 || !strstr(faults.items[0].what, end)) {
        for (size_t i = 0; i < faults.n; i++)
            printf("got: %s\n", faults.items[i].what);
        printf("due: %s\n", end);
        CU_FAIL("another fault");
    }
    CU_ASSERT_EQUAL(faults_code(&faults), STATUS_CONFIG);
}

static const struct project_setting *setting(const char *key)
{
    static const struct project_setting none = {"", "", ""};
    for (size_t i = 0; project && i < project->n_settings; i++)
        if (strcmp(project->settings[i].key, key) == 0)
            return &project->settings[i];
    return &none;
}

#endif
