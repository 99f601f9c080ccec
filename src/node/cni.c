#include "node/cni.h"

#include "base/mem.h"
#include "base/trace.h"
#include "node/exec.h"
#include "node/paths.h"
#include "node/put.h"
#include "proto/json.h"

#include <stdio.h>
#include <stdlib.h>

/* "10.88.3.0/24" -> "ls0a580300": one bridge per network, whatever processes share the machine. */
static int bridge_name(const char *cidr, char out[16], struct error *err)
{
    unsigned a, b, c, d, bits;
    if (sscanf(cidr, "%3u.%3u.%3u.%3u/%2u", &a, &b, &c, &d, &bits) != 5 || (a | b | c | d) > 255 ||
        bits > 30) {
        return error_set(err, E_INVALID,
                         "pod network \"%s\" is not an IPv4 range like 10.88.0.0/24", cidr);
    }
    snprintf(out, 16, "ls%02x%02x%02x%02x", a, b, c, d);
    return 0;
}

static void put_bridge(struct put *plugins, const char *bridge, const char *cidr,
                       const char *state_dir)
{
    struct put p = put_item(plugins);
    put_text(&p, "type", "bridge");
    put_text(&p, "bridge", bridge);
    put_bool(&p, "isGateway", true);
    put_bool(&p, "ipMasq", true);
    put_bool(&p, "hairpinMode", true);
    struct put ipam = put_map(&p, "ipam");
    put_text(&ipam, "type", "host-local");
    put_text(&ipam, "dataDir", state_dir);
    struct put ranges = put_map(&ipam, "ranges");
    ranges.count++;
    struct put set = put_begin(plugins->b);
    struct put range = put_item(&set);
    put_text(&range, "subnet", cidr);
    put_end_map(&range);
    put_end_array(&set);
    put_end_array(&ranges);
    struct put routes = put_map(&ipam, "routes");
    struct put route = put_item(&routes);
    put_text(&route, "dst", "0.0.0.0/0");
    put_end_map(&route);
    put_end_array(&routes);
    put_end_map(&ipam);
    put_end_map(&p);
}

static int cni_generate(struct cni *cni, const char *cidr, const char *state_dir, struct error *err)
{
    char bridge[16];
    int rc = bridge_name(cidr, bridge, err);
    if (rc < 0) return rc;
    struct put list = put_begin(&cni->list);
    put_text(&list, "cniVersion", "0.4.0");
    put_text(&list, "name", bridge);
    struct put plugins = put_map(&list, "plugins");
    put_bridge(&plugins, bridge, cidr, state_dir);
    struct put lo = put_item(&plugins);
    put_text(&lo, "type", "loopback");
    put_end_map(&lo);
    put_end_array(&plugins);
    put_end_map(&list);
    return 0;
}

int cni_open(struct cni *cni, const char *plugins, const char *conf, const char *cidr,
             const char *state_dir, struct error *err)
{
    *cni = (struct cni){.plugins = mem_strdup(plugins)};
    int rc;
    if (conf) {
        struct buf buf_auto text = BUF_INIT;
        rc = path_read(conf, &text, err);
        if (rc == 0) rc = json_parse(text.data ? text.data : "", text.len, &cni->list, err);
        if (rc < 0) error_wrap(err, rc, "CNI configuration %s", conf);
    } else {
        rc = cni_generate(cni, cidr, state_dir, err);
    }
    if (rc < 0) cni_close(cni);
    return rc;
}

void cni_close(struct cni *cni)
{
    mem_free(cni->plugins);
    buf_free(&cni->list);
    *cni = (struct cni){0};
}

/* The plugin's own part of the list, with the list's name and version and the previous plugin's
 * result. */
static void plugin_config(struct mp list, struct mp plugin, struct mp previous, struct buf *json)
{
    struct buf buf_auto config = BUF_INIT;
    struct put m = put_begin(&config);
    put_str(&m, "cniVersion", mp_str(mp_get(list, "cniVersion")));
    put_str(&m, "name", mp_str(mp_get(list, "name")));
    for (struct mp_iter it = mp_items(plugin); mp_iter_next(&it);) {
        mp_put_str(&config, it.key);
        mp_put(&config, it.value);
        m.count++;
    }
    if (previous.type == MP_MAP) {
        put_key(&m, "prevResult");
        mp_put(&config, previous);
    }
    put_end_map(&m);
    json_write(mp_read(config.data, config.len), json);
}

static int plugin_run(const struct cni *cni, struct mp plugin, struct mp previous,
                      const char *const *env, struct buf *out, struct error *err)
{
    struct mp list = mp_read(cni->list.data, cni->list.len);
    struct str type = mp_str(mp_get(plugin, "type"));
    if (!type.n || memchr(type.p, '/', type.n))
        return error_set(err, E_INVALID, "CNI plugin without a type");
    mem_auto char *program = mem_printf("%s/%.*s", cni->plugins, (int)type.n, type.p);
    struct buf buf_auto config = BUF_INIT, answer = BUF_INIT;
    plugin_config(list, plugin, previous, &config);
    struct exec_options options = {
        .env = env, .input = config.data, .input_len = config.len, .timeout_ms = 30000};
    int rc = exec_run(EXEC(program), &options, &answer, err);
    if (rc < 0) return rc;
    return answer.len ? json_parse(answer.data, answer.len, out, err) : 0;
}

struct cni_env {
    char *items[8];
};

static void cni_env_make(struct cni_env *env, const struct cni *cni, const char *command,
                         const char *id, const char *netns, const char *interface)
{
    *env = (struct cni_env){{
        mem_printf("CNI_COMMAND=%s", command),
        mem_printf("CNI_CONTAINERID=%s", id),
        mem_printf("CNI_NETNS=%s", netns),
        mem_printf("CNI_IFNAME=%s", interface),
        mem_printf("CNI_PATH=%s", cni->plugins),
    }};
}

static void cni_env_free(struct cni_env *env)
{
    for (size_t i = 0; env->items[i]; i++) mem_free(env->items[i]);
}

static const char *plugin_interface(struct mp plugin)
{
    return mp_is(mp_get(plugin, "type"), "loopback") ? "lo" : "eth0";
}

static void cni_first_address(struct mp result, char ip[64])
{
    struct str address = mp_str(mp_get(mp_at(mp_get(result, "ips"), 0), "address")), head;
    if (address.n && str_split(&address, '/', &head)) snprintf(ip, 64, "%.*s", (int)head.n, head.p);
}

int cni_add(const struct cni *cni, const char *id, const char *netns, const char *ns,
            const char *name, char ip[64], struct error *err)
{
    struct mp plugins = mp_get(mp_read(cni->list.data, cni->list.len), "plugins");
    struct buf buf_auto previous = BUF_INIT;
    mem_auto char *arguments =
        mem_printf("CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=%s;K8S_POD_NAME=%s", ns, name);
    int rc = 0;
    ip[0] = '\0';
    for (struct mp_iter it = mp_items(plugins); rc == 0 && mp_iter_next(&it);) {
        struct cni_env env;
        struct buf buf_auto result = BUF_INIT;
        cni_env_make(&env, cni, "ADD", id, netns, plugin_interface(it.value));
        env.items[5] = mem_strdup(arguments);
        bool loopback = mp_is(mp_get(it.value, "type"), "loopback");
        struct mp before = loopback ? (struct mp){0} : mp_read(previous.data, previous.len);
        rc = plugin_run(cni, it.value, before, (const char *const *)env.items, &result, err);
        cni_env_free(&env);
        if (rc < 0 || loopback) continue;
        cni_first_address(mp_read(result.data, result.len), ip);
        buf_clear(&previous);
        buf_append(&previous, result.data, result.len);
    }
    if (rc == 0 && !ip[0]) rc = error_set(err, E_IO, "the CNI plugins gave no address");
    if (rc < 0) cni_del(cni, id, netns);
    return rc;
}

void cni_del(const struct cni *cni, const char *id, const char *netns)
{
    struct mp plugins = mp_get(mp_read(cni->list.data, cni->list.len), "plugins");
    for (uint32_t i = plugins.type == MP_ARRAY ? plugins.count : 0; i-- > 0;) {
        struct mp plugin = mp_at(plugins, i);
        struct cni_env env;
        struct buf buf_auto out = BUF_INIT;
        struct error err = {0};
        cni_env_make(&env, cni, "DEL", id, netns, plugin_interface(plugin));
        if (plugin_run(cni, plugin, (struct mp){0}, (const char *const *)env.items, &out, &err) <
            0) {
            trace_debug("cni", "%s: %s", id, err.text);
        }
        cni_env_free(&env);
    }
}
