#include "cli/cluster_make.h"

#include "base/mem.h"
#include "cli/files.h"
#include "net/jwt.h"
#include "net/pki.h"

#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum { CERTIFICATE_DAYS = 3650, TOKEN_BYTES = 24 };

static void make_uuid(char out[37])
{
    unsigned char b[16];
    randombytes_buf(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    char hex[33];
    sodium_bin2hex(hex, sizeof hex, b, sizeof b);
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static void make_token(char out[TOKEN_BYTES * 2 + 1])
{
    unsigned char b[TOKEN_BYTES];
    randombytes_buf(b, sizeof b);
    sodium_bin2hex(out, TOKEN_BYTES * 2 + 1, b, sizeof b);
}

static int issue(const struct cluster_dir *d, const char *name, const struct pki_request *request,
                 struct error *err)
{
    mem_auto char *ca = cluster_file(d, "pki/ca.crt"), *ca_key = cluster_file(d, "pki/ca.key");
    mem_auto char *cert = cluster_file(d, "pki/%s.crt", name);
    mem_auto char *key = cluster_file(d, "pki/%s.key", name);
    return pki_issue(ca, ca_key, request, cert, key, err);
}

static const char *const master_groups[] = {"system:masters", NULL};

static int make_master(const struct cluster_dir *d, unsigned long long id, struct error *err)
{
    static const char *const names[] = {"localhost",
                                        "127.0.0.1",
                                        "::1",
                                        "10.96.0.1", /* as services know it */
                                        "kubernetes",
                                        "kubernetes.default",
                                        "kubernetes.default.svc",
                                        "kubernetes.default.svc.cluster.local",
                                        NULL};
    mem_auto char *common = mem_printf("logship-master-%llu", id), *name = mem_printf("m%llu", id);
    struct pki_request request = {common, master_groups, names, CERTIFICATE_DAYS};
    return issue(d, name, &request, err);
}

int cluster_make_master(const struct cluster_dir *d, unsigned long long id, struct error *err)
{
    mem_auto char *path = cluster_file(d, "pki/m%llu.crt", id);
    return access(path, F_OK) == 0 ? 0 : make_master(d, id, err);
}

static int make_certificates(const struct cluster_dir *d, struct error *err)
{
    mem_auto char *ca = cluster_file(d, "pki/ca.crt"), *ca_key = cluster_file(d, "pki/ca.key");
    int rc = pki_make_ca(ca, ca_key, "logship-ca", err);
    for (unsigned k = 1; !rc && k <= d->settings.masters; k++) rc = make_master(d, k, err);
    struct pki_request admin = {"kubernetes-admin", master_groups, NULL, CERTIFICATE_DAYS};
    return rc ? rc : issue(d, "admin", &admin, err);
}

static int write_text(const struct cluster_dir *d, const char *name, const char *text,
                      struct error *err)
{
    mem_auto char *path = cluster_file(d, "%s", name);
    return file_write(path, text, strlen(text), 0600, err);
}

static int make_secrets(const struct cluster_dir *d, struct error *err)
{
    char token[TOKEN_BYTES * 2 + 1];
    make_token(token);
    mem_auto char *admin = mem_printf("%s,kubernetes-admin,admin,\"system:masters\"\n", token);
    int rc = write_text(d, "tokens.csv", admin, err);
    make_token(token);
    mem_auto char *join = mem_printf("%s\n", token);
    if (!rc) rc = write_text(d, "join-token", join, err);
    unsigned char key[32];
    randombytes_buf(key, sizeof key);
    mem_auto char *path = cluster_file(d, "seal.key");
    return rc ? rc : file_write(path, key, sizeof key, 0600, err);
}

static int put_base64(struct buf *out, const struct cluster_dir *d, const char *file,
                      struct error *err)
{
    buf_auto struct buf text = BUF_INIT;
    mem_auto char *path = cluster_file(d, "pki/%s", file);
    int rc = file_read(path, &text, err);
    if (rc) return rc;
    size_t n = sodium_base64_encoded_len(text.len, sodium_base64_VARIANT_ORIGINAL);
    sodium_bin2base64(buf_reserve(out, n), n, (unsigned char *)text.data, text.len,
                      sodium_base64_VARIANT_ORIGINAL);
    out->len += n - 1;
    return 0;
}

/* One cluster and context for each master: any of them serves everything, so when m1 is away
 * `kubectl --context m2` goes on. */
static int make_kubeconfig(const struct cluster_dir *d, struct error *err)
{
    buf_auto struct buf out = BUF_INIT, ca = BUF_INIT;
    int rc = put_base64(&ca, d, "ca.crt", err);
    if (rc) return rc;
    buf_puts(&out, "apiVersion: v1\nkind: Config\ncurrent-context: m1\nclusters:\n");
    for (unsigned k = 1; k <= d->settings.masters; k++) {
        mem_auto char *address = cluster_api_address(d, k);
        buf_printf(&out,
                   "- name: m%u\n  cluster:\n    server: https://%s\n"
                   "    certificate-authority-data: %s\n",
                   k, address, ca.data);
    }
    buf_puts(&out, "contexts:\n");
    for (unsigned k = 1; k <= d->settings.masters; k++)
        buf_printf(&out, "- name: m%u\n  context: {cluster: m%u, user: admin}\n", k, k);
    buf_puts(&out, "users:\n- name: admin\n  user:\n    client-certificate-data: ");
    rc = put_base64(&out, d, "admin.crt", err);
    buf_puts(&out, "\n    client-key-data: ");
    if (!rc) rc = put_base64(&out, d, "admin.key", err);
    buf_putc(&out, '\n');
    mem_auto char *path = cluster_file(d, "kubeconfig");
    return rc ? rc : file_write(path, out.data, out.len, 0600, err);
}

int cluster_make_account_key(const struct cluster_dir *d, struct error *err)
{
    mem_auto char *path = cluster_file(d, "pki/accounts.key");
    return access(path, F_OK) == 0 ? 0 : jwt_key_make(path, err);
}

int cluster_make(struct cluster_dir *d, struct error *err)
{
    static const char *const folders[] = {"pki", "logs"};
    if (!d->settings.id[0]) make_uuid(d->settings.id);
    int rc = 0;
    for (size_t i = 0; !rc && i < sizeof folders / sizeof folders[0]; i++) {
        mem_auto char *path = cluster_file(d, "%s", folders[i]);
        rc = dir_make(path, err);
    }
    if (!rc) rc = make_certificates(d, err);
    if (!rc) rc = make_secrets(d, err);
    if (!rc) rc = make_kubeconfig(d, err);
    return rc ? rc : cluster_dir_save(d, err); /* last: its presence says that all is there */
}
