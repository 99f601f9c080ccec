/* Parameters of operations. Most are written once and referred to; kubectl looks for dryRun and
 * fieldValidation in the operation itself, and does not follow references. */
#include "proto/openapi_paths.h"

static const struct parameter {
    const char *name, *type;
    unsigned sets;
    bool inlined;
    const char *about;
} parameter_table[] = {
    {"namespace", "string", PATH_NAMESPACE, false, "The namespace of the object."},
    {"name", "string", PATH_NAME, false, "The name of the object."},
    {"pretty", "string", QUERY_ANY, false, "Taken for compatibility; output is always compact."},
    {"allowWatchBookmarks", "boolean", QUERY_LIST, false,
     "A watch may get events that only tell how far it has come."},
    {"continue", "string", QUERY_LIST, false,
     "Where the list before it ended, as its metadata.continue says."},
    {"fieldSelector", "string", QUERY_LIST, false, "Only objects with these values of fields."},
    {"labelSelector", "string", QUERY_LIST, false, "Only objects with such labels."},
    {"limit", "integer", QUERY_LIST, false, "At most so many objects in one answer."},
    {"resourceVersion", "string", QUERY_LIST, false, "The revision to read at, or to watch from."},
    {"resourceVersionMatch", "string", QUERY_LIST, false,
     "Whether resourceVersion is meant exactly or at least."},
    {"timeoutSeconds", "integer", QUERY_LIST, false, "Ends a list or a watch after this time."},
    {"watch", "boolean", QUERY_LIST, false, "Changes as they come, instead of a list."},
    {"dryRun", "string", QUERY_DRY_RUN, true,
     "All: everything is checked and answered, nothing is stored."},
    {"fieldManager", "string", QUERY_WRITE, false, "In whose name fields are set."},
    {"fieldValidation", "string", QUERY_WRITE, true,
     "What happens to unknown and repeated fields: Ignore, Warn or Strict."},
    {"force", "boolean", QUERY_FORCE, false, "Takes over fields that others own (apply only)."},
    {"gracePeriodSeconds", "integer", QUERY_DELETE, false,
     "How long the object may take to end; 0: at once."},
    {"orphanDependents", "boolean", QUERY_DELETE, false,
     "The old form of propagationPolicy: true leaves dependents alone."},
    {"propagationPolicy", "string", QUERY_DELETE, false,
     "What becomes of dependents: Orphan, Background or Foreground."},
    {"container", "string", QUERY_LOG, false, "Whose output; needed where there are several."},
    {"follow", "boolean", QUERY_LOG, false, "Output as it comes."},
    {"insecureSkipTLSVerifyBackend", "boolean", QUERY_LOG, false,
     "Taken for compatibility; the node's certificate is always checked."},
    {"limitBytes", "integer", QUERY_LOG, false, "At most so many bytes."},
    {"previous", "boolean", QUERY_LOG, false, "Of the container's run before this one."},
    {"sinceSeconds", "integer", QUERY_LOG, false, "Only lines that are not older."},
    {"tailLines", "integer", QUERY_LOG, false, "Only the last so many lines."},
    {"timestamps", "boolean", QUERY_LOG, false, "Each line begins with its time."},
};
enum { PARAMETERS = sizeof parameter_table / sizeof *parameter_table };

static bool parameter_is_of_path(const struct parameter *p)
{
    return p->sets & (PATH_NAMESPACE | PATH_NAME);
}

static void parameter_put(struct spec *s, const struct parameter *p)
{
    spec_map(s);
    spec_put(s, "description", p->about);
    spec_put(s, "in", parameter_is_of_path(p) ? "path" : "query");
    spec_put(s, "name", p->name);
    if (parameter_is_of_path(p)) spec_put_bool(s, "required", true);
    if (s->v3) {
        spec_key(s, "schema");
        spec_map(s);
    }
    spec_put(s, "type", p->type);
    spec_put_bool(s, "uniqueItems", true);
    if (s->v3) spec_end(s);
    spec_end(s);
}

void openapi_put_parameters(struct spec *s, unsigned sets)
{
    for (const struct parameter *p = parameter_table; p < parameter_table + PARAMETERS; p++) {
        if (!(p->sets & sets)) continue;
        if (p->inlined) {
            parameter_put(s, p);
            continue;
        }
        buf_auto struct buf ref = BUF_INIT;
        buf_printf(&ref, "#/%sparameters/%s", s->v3 ? "components/" : "", p->name);
        spec_map(s);
        spec_put(s, "$ref", ref.data);
        spec_end(s);
    }
}

void openapi_put_shared_parameters(struct spec *s)
{
    for (const struct parameter *p = parameter_table; p < parameter_table + PARAMETERS; p++) {
        if (p->inlined) continue;
        spec_key(s, p->name);
        parameter_put(s, p);
    }
}
