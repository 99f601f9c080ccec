/* Virtual loops and their timers. */
#include "vnet.h"

enum { HANDLE_ACTIVE = 1, HANDLE_CLOSING = 2 };

/* What outlives the handle: shots that are under way find out that it is gone. */
struct vtimer {
    uv_timer_t *timer; /* NULL: closed */
    unsigned shots;
};

struct shot {
    struct vtimer *vt;
    uint64_t id;
};

int __wrap_uv_timer_init(uv_loop_t *loop, uv_timer_t *t);
int __wrap_uv_timer_start(uv_timer_t *t, uv_timer_cb cb, uint64_t timeout, uint64_t repeat);
uint64_t __wrap_uv_timer_get_due_in(const uv_timer_t *t);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
uint64_t __wrap_uv_hrtime(void);
void __wrap_uv_update_time(uv_loop_t *loop);
int __wrap_uv_prepare_init(uv_loop_t *loop, uv_prepare_t *p);
int __wrap_uv_prepare_start(uv_prepare_t *p, uv_prepare_cb cb);
int __wrap_uv_check_init(uv_loop_t *loop, uv_check_t *c);
int __wrap_uv_check_start(uv_check_t *c, uv_check_cb cb);
int __wrap_uv_idle_init(uv_loop_t *loop, uv_idle_t *i);
int __wrap_uv_idle_start(uv_idle_t *i, uv_idle_cb cb);
int __wrap_uv_idle_stop(uv_idle_t *i);
int __wrap_uv_is_active(const uv_handle_t *h);
int __wrap_uv_is_closing(const uv_handle_t *h);
void __wrap_uv_unref(uv_handle_t *h);
void __wrap_uv_close(uv_handle_t *h, uv_close_cb cb);

static uint64_t vloop_now_us(const struct vloop *loop)
{
    return loop->life ? life_now_us(loop->life) : loop->sim->now_us;
}

/* --- turns --- */

void vloop_init(struct vloop *loop, struct sim *s, struct life *life, unsigned host)
{
    *loop = (struct vloop){.sim = s, .life = life, .host = host};
    list_init(&loop->socks);
}

void vloop_after(struct vloop *loop)
{
    if (loop->prepare) loop->prepare->prepare_cb(loop->prepare);
    if (loop->check) loop->check->check_cb(loop->check);
    for (unsigned i = 0; i < VLOOP_IDLES; i++)
        if (loop->idle[i] && (loop->idle[i]->flags & HANDLE_ACTIVE)) vloop_kick(loop);
}

static void vloop_turn(void *arg)
{
    struct vloop *loop = arg;
    loop->turning = false;
    for (unsigned i = 0; i < VLOOP_IDLES; i++) {
        uv_idle_t *idle = loop->idle[i];
        if (idle && (idle->flags & HANDLE_ACTIVE)) idle->idle_cb(idle);
    }
    vloop_after(loop);
}

void vloop_kick(struct vloop *loop)
{
    if (loop->turning || (loop->life && loop->life->dead)) return;
    loop->turning = true;
    sim_after(loop->sim, loop->life, sim_between(loop->sim, 1, 20), vloop_turn, loop);
}

uint64_t __wrap_uv_hrtime(void)
{
    return sim_now_running->now_us * 1000;
}

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
    return vloop_now_us(vloop_of((uv_loop_t *)loop)) / MS;
}

void __wrap_uv_update_time(uv_loop_t *loop)
{
    (void)loop;
}

/* --- timers --- */

static void timer_fires(void *arg);

static void timer_aim(struct vtimer *vt, uint64_t in_us)
{
    struct vloop *loop = vloop_of(vt->timer->loop);
    struct shot *shot = mem_new(struct shot);
    *shot = (struct shot){vt, vt->timer->start_id};
    vt->shots++;
    sim_after(loop->sim, loop->life, in_us ? in_us : 1, timer_fires, shot);
}

static void timer_fires(void *arg)
{
    struct shot shot = *(struct shot *)arg;
    struct vtimer *vt = shot.vt;
    uv_timer_t *t = vt->timer;
    mem_free(arg);
    vt->shots--;
    if (!t && !vt->shots) mem_free(vt);
    if (!t || t->start_id != shot.id || !(t->flags & HANDLE_ACTIVE)) return;
    struct vloop *loop = vloop_of(t->loop);
    if (t->repeat) {
        t->timeout = __wrap_uv_now(t->loop) + t->repeat;
        timer_aim(vt, t->repeat * MS);
    } else {
        t->flags &= ~(unsigned)HANDLE_ACTIVE;
    }
    t->timer_cb(t);
    vloop_after(loop);
}

int __wrap_uv_timer_init(uv_loop_t *loop, uv_timer_t *t)
{
    struct vtimer *vt = mem_new(struct vtimer);
    vt->timer = t;
    t->loop = loop;
    t->type = UV_TIMER;
    t->flags = 0;
    t->start_id = 0;
    t->u.reserved[0] = vt;
    return 0;
}

int __wrap_uv_timer_start(uv_timer_t *t, uv_timer_cb cb, uint64_t timeout, uint64_t repeat)
{
    if (t->flags & HANDLE_CLOSING) return UV_EINVAL;
    t->timer_cb = cb;
    t->timeout = __wrap_uv_now(t->loop) + timeout;
    t->repeat = repeat;
    t->start_id++;
    t->flags |= HANDLE_ACTIVE;
    timer_aim(t->u.reserved[0], timeout * MS);
    return 0;
}

uint64_t __wrap_uv_timer_get_due_in(const uv_timer_t *t)
{
    uint64_t now = __wrap_uv_now(t->loop);
    return t->timeout > now ? t->timeout - now : 0;
}

static void timer_close(uv_timer_t *t)
{
    struct vtimer *vt = t->u.reserved[0];
    vt->timer = NULL;
    if (!vt->shots) mem_free(vt);
}

/* --- the handles that run once a turn --- */

int __wrap_uv_prepare_init(uv_loop_t *loop, uv_prepare_t *p)
{
    p->loop = loop;
    p->type = UV_PREPARE;
    p->flags = 0;
    return 0;
}

int __wrap_uv_prepare_start(uv_prepare_t *p, uv_prepare_cb cb)
{
    p->prepare_cb = cb;
    vloop_of(p->loop)->prepare = p;
    return 0;
}

int __wrap_uv_check_init(uv_loop_t *loop, uv_check_t *c)
{
    c->loop = loop;
    c->type = UV_CHECK;
    c->flags = 0;
    return 0;
}

int __wrap_uv_check_start(uv_check_t *c, uv_check_cb cb)
{
    c->check_cb = cb;
    vloop_of(c->loop)->check = c;
    return 0;
}

int __wrap_uv_idle_init(uv_loop_t *loop, uv_idle_t *i)
{
    i->loop = loop;
    i->type = UV_IDLE;
    i->flags = 0;
    struct vloop *v = vloop_of(loop);
    unsigned at = 0;
    while (v->idle[at]) {
        if (++at == VLOOP_IDLES) sim_fail(v->sim, "a loop has more idle handles than expected");
    }
    v->idle[at] = i;
    return 0;
}

int __wrap_uv_idle_start(uv_idle_t *i, uv_idle_cb cb)
{
    i->idle_cb = cb;
    i->flags |= HANDLE_ACTIVE;
    vloop_kick(vloop_of(i->loop));
    return 0;
}

int __wrap_uv_idle_stop(uv_idle_t *i)
{
    i->flags &= ~(unsigned)HANDLE_ACTIVE;
    return 0;
}

int __wrap_uv_is_active(const uv_handle_t *h)
{
    return h->flags & HANDLE_ACTIVE;
}

int __wrap_uv_is_closing(const uv_handle_t *h)
{
    return (h->flags & HANDLE_CLOSING) != 0;
}

void __wrap_uv_unref(uv_handle_t *h)
{
    (void)h; /* a virtual loop does not end by itself */
}

/* --- the end of a handle --- */

static void handle_closed(void *arg)
{
    uv_handle_t *h = arg;
    struct vloop *loop = vloop_of(h->loop);
    h->close_cb(h);
    vloop_after(loop);
}

void __wrap_uv_close(uv_handle_t *h, uv_close_cb cb)
{
    struct vloop *loop = vloop_of(h->loop);
    if (h->flags & HANDLE_CLOSING) sim_fail(loop->sim, "a handle is closed twice");
    h->flags = HANDLE_CLOSING;
    h->close_cb = cb;
    if (h->type == UV_TIMER) timer_close((uv_timer_t *)h);
    if (h->type == UV_TCP) vsock_close((uv_tcp_t *)h, false);
    if (h == (uv_handle_t *)loop->prepare) loop->prepare = NULL;
    if (h == (uv_handle_t *)loop->check) loop->check = NULL;
    for (unsigned i = 0; i < VLOOP_IDLES; i++)
        if (h == (uv_handle_t *)loop->idle[i]) loop->idle[i] = NULL;
    sim_after(loop->sim, loop->life, 1, handle_closed, h);
}
