/* test_projectfiles.c - parts of a project in files of their own: what they stand for, and where a
 * fault in them is told. */
#include "projectload.h"

#define WITH_FILE(value)                                                                           \
    "{\"name\": \"shop\", \"sources\": {\"old\": {\"use\": \"json\"}}, \"stages\": [{\"name\": "   \
    "\"users\",\n"                                                                                 \
    "  \"options\": {\"table\": \"users\", \"fields\": " value "}}]}"

static void options_stand_in_files(void)
{
    setenv("X", "x\"y", 1);
    mkdir(scratch_path("maps"), 0755);
    scratch_write("maps/users.json",
                  "\xef\xbb\xbf{ \"id\": 1.50,\n \"role\": [\"r\", {\"use\": \"lookup\", \"map\":"
                  " {\"$file\": \"maps/${NAME_OF:-roles}.json\"}}], \"x\": \"${X}\" }\n",
                  0644);
    scratch_write("maps/roles.json", "{\"a\": \"b\"}", 0644);
    loads(WITH_FILE("{\"$file\": \"maps/users.json\"}, \"each\": \"f\""));
    CU_ASSERT_STRING_EQUAL(project_find_stage(project, "users")->options,
                           "{\"table\":\"users\",\"fields\":{\"id\":1.50,\"role\":[\"r\",{\"use\":"
                           "\"lookup\",\"map\":{\"a\":\"b\"}}],\"x\":\"x\\\"y\"},\"each\":\"f\"}");
    CU_ASSERT_PTR_NOT_NULL(strstr(setting("stages.users.options")->value, "\"map\":{\"a\":\"b\"}"));
    /* With another member it is what it says. */
    loads(WITH_FILE("{\"$file\": \"f\", \"b\": 1}"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(project_find_stage(project, "users")->options, "\"$file\":\"f\""));
}

static void faults_in_files_have_their_place(void)
{
    mkdir(scratch_path("maps"), 0755);
    scratch_write("maps/a.json", "{\n  \"id\": \"${NONE}\" }", 0644);
    refused(WITH_FILE("{\"$file\": \"maps/a.json\"}"),
            "/maps/a.json:2:9: \"stages.users.options.id\": variable NONE is not set");
    scratch_write("maps/a.json", "{\n  \"id\": 1,\n  \"id\": 2 }", 0644);
    refused(WITH_FILE("{\"$file\": \"maps/a.json\"}"), "/maps/a.json:3:3: ");
    scratch_write("maps/a.json", "{\n  \"id\": oops }", 0644);
    refused(WITH_FILE("{\"$file\": \"maps/a.json\"}"), "/maps/a.json:2:9: no valid JSON");
    refused(WITH_FILE("{\"$file\": \"none.json\"}"), "No such file");
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "project.json:2:53: \"stages.users."
                                                        "options.fields\": file "));
    refused(WITH_FILE("{\"$file\": 1}"), "\"$file\" is a number, due is the path of a file");
    refused(WITH_FILE("{\"$file\": \"\"}"), "\"$file\" is empty");
    scratch_write("maps/a.json", "{\"b\": {\"$file\": \"maps/a.json\"}}", 0644);
    refused(WITH_FILE("{\"$file\": \"maps/a.json\"}"), "name files more than 8 times over");
    scratch_write("maps/a.json", "{}", 0666);
    refused(WITH_FILE("{\"$file\": \"maps/a.json\"}"), "mode 0666");
    refused("{\"name\": \"shop\", \"sources\": {\"old\": {\"use\": \"json\", \"options\":"
            " {\"$file\": \"maps/list.json\"}}}}",
            "No such file");
    scratch_write("maps/list.json", "[]", 0644);
    refused("{\"name\": \"shop\", \"sources\": {\"old\": {\"use\": \"json\", \"options\":"
            " {\"$file\": \"maps/list.json\"}}}}",
            "maps/list.json:1:1: \"sources.old.options\" is a list, due is an object");
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"options_stand_in_files", options_stand_in_files},
        {"faults_in_files_have_their_place", faults_in_files_have_their_place},
    };
    clearenv();
    scratch_begin();
    int result = UNIT_MAIN("projectfiles", cases, argc, argv);
    project_free(project);
    faults_clear(&faults);
    scratch_end();
    return result;
}
