// SPDX-License-Identifier: GPL-2.0

/*
 * The state machine: what each operation answers in each state, upstream's GEM layer of
 * Linux 7.3 and ours. Ours is asserted; upstream's is from its source, drivers/gpu/drm/msm:
 *
 * - msm_gem.c: msm_gem_madvise(), msm_gem_get_pages_locked(), get_pages(),
 *   get_and_pin_iova_range_locked(), get_vma_locked(), get_vaddr(), msm_gem_fault(),
 *   msm_gem_active(), msm_gem_cpu_prep(), msm_gem_status(), msm_gem_purge(),
 *   msm_gem_evict(), msm_gem_import()
 * - msm_gem_prime.c: msm_gem_prime_pin(), msm_gem_prime_vmap(), msm_gem_prime_export(),
 *   and drm_gem_map_attach() of DRM, which its dma-bufs use
 * - msm_gem_shrinker.c: purge(), evict(); msm_gem.h: is_purgeable(), is_unevictable()
 */

#include <kunit/test.h>

#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>

#include <drm/drm_prime.h>

#include "msm_gem_test_util.h"

MODULE_IMPORT_NS("DMA_BUF");

enum state {
	FRESH,			/* never had pages */
	RESIDENT,
	EVICTED,
	IDLE_VMAP,		/* resident; the kernel mapping is not in use */
	PINNED,
	BUSY,			/* a job is using it */
	NO_SHARE,		/* resident */
	DONTNEED_FRESH,
	DONTNEED,		/* resident */
	DONTNEED_PINNED,
	DONTNEED_BUSY,
	DONTNEED_EVICTED,	/* evicted first */
	PURGED,
	IMPORTED,
	IMPORTED_DONTNEED,
	STATES
};

static const char * const state_names[STATES] = {
	[FRESH] = "fresh",
	[RESIDENT] = "resident",
	[EVICTED] = "evicted",
	[IDLE_VMAP] = "idle vmap",
	[PINNED] = "pinned",
	[BUSY] = "busy",
	[NO_SHARE] = "not shared",
	[DONTNEED_FRESH] = "not needed, fresh",
	[DONTNEED] = "not needed",
	[DONTNEED_PINNED] = "not needed, pinned",
	[DONTNEED_BUSY] = "not needed, busy",
	[DONTNEED_EVICTED] = "not needed, evicted",
	[PURGED] = "purged",
	[IMPORTED] = "imported",
	[IMPORTED_DONTNEED] = "imported, not needed",
};

enum operation {
	SAY_NEEDED,		/* madvise: 1 if the content is retained */
	SAY_NOT_NEEDED,
	GET_PAGES,
	MAP,			/* what a submission does */
	PIN_IOVA,
	PIN_IOVA_LEAVES,	/* number of mappings after it */
	PIN_IOVA_ACTIVE,	/* whether the object is active after it */
	GET_IOVA,
	VADDR,
	VADDR_ACTIVE,
	GEM_PIN,
	GEM_VMAP,
	EXPORT,
	IMPORT,			/* by another device: attach and map */
	CPU_READ,		/* of a page that user space maps */
	CPU_PREP,
	STATUS,			/* enum drm_gem_object_status */
	RECLAIM,		/* see enum outcome */
	OPS
};

static const char * const op_names[OPS] = {
	[SAY_NEEDED] = "WILLNEED",
	[SAY_NOT_NEEDED] = "DONTNEED",
	[GET_PAGES] = "get pages",
	[MAP] = "map",
	[PIN_IOVA] = "pin iova",
	[PIN_IOVA_LEAVES] = "mappings after pin iova",
	[PIN_IOVA_ACTIVE] = "active after pin iova",
	[GET_IOVA] = "get iova",
	[VADDR] = "vaddr",
	[VADDR_ACTIVE] = "vaddr, active",
	[GEM_PIN] = "GEM pin",
	[GEM_VMAP] = "GEM vmap",
	[EXPORT] = "export",
	[IMPORT] = "import elsewhere",
	[CPU_READ] = "CPU read",
	[CPU_PREP] = "CPU prep",
	[STATUS] = "status",
	[RECLAIM] = "reclaim",
};

/* Of a reclaim, with swap. */
enum outcome { STAYS, IS_EVICTED, IS_PURGED };

#define RES	DRM_GEM_OBJECT_RESIDENT
#define PRG	DRM_GEM_OBJECT_PURGEABLE

/**
 * struct answer - of an operation in a state
 * @asked: there is such a thing
 * @ours: ours
 * @upstream: upstream's, if it is another one
 * @why: it is
 */
struct answer {
	bool asked;
	int ours, upstream;
	const char *why;
};

#define SAME(_answer)			{ .asked = true, .ours = _answer }
#define OTHER(_upstream, _ours, _why)	\
	{ .asked = true, .ours = _ours, .upstream = _upstream, .why = _why }

#define GARBAGE		"what is in swap and not needed is thrown away at once"
#define LEFT_BEHIND	"a failed pin leaves the object as it was"
#define NOT_A_DUMP	"nothing is left to dump"
#define PIN_ON_MAP	"attaching does not pin, mapping does, so it is not purged"
#define LATE_IMPORT	"attaching does not pin, so it may be purged before it is mapped"
#define TILL_PURGE	"a page that is mapped works upstream, too; here all do until the purge"
#define VMAP_DROPPED	"an idle kernel mapping is dropped"
#define EXPORTERS	"pages of an import are the exporter's: nothing to pin"
#define EXPORTER_MAPS	"the exporter maps it"
#define ADVICE_FIRST	"what is not for use is not mapped, whoever would map it"

static const struct answer answers[OPS][STATES] = {
	[SAY_NEEDED] = {
		[FRESH ... DONTNEED_BUSY] = SAME(1),
		[DONTNEED_EVICTED] = OTHER(1, 0, GARBAGE),
		[PURGED] = SAME(0),
		[IMPORTED ... IMPORTED_DONTNEED] = SAME(1),
	},
	[SAY_NOT_NEEDED] = {
		[FRESH ... RESIDENT] = SAME(1),
		[EVICTED] = OTHER(1, 0, GARBAGE),
		[IDLE_VMAP ... DONTNEED_BUSY] = SAME(1),
		[DONTNEED_EVICTED] = OTHER(1, 0, GARBAGE),
		[PURGED] = SAME(0),
		[IMPORTED ... IMPORTED_DONTNEED] = SAME(1),
	},
	[GET_PAGES] = {
		[FRESH ... NO_SHARE] = SAME(0),
		[DONTNEED_FRESH ... PURGED] = SAME(-EBUSY),
		[IMPORTED] = SAME(0),
		[IMPORTED_DONTNEED] = SAME(-EBUSY),
	},
	[MAP] = {
		[FRESH ... NO_SHARE] = SAME(0),
		[DONTNEED_FRESH ... PURGED] = SAME(-EBUSY),
		[IMPORTED] = SAME(0),
		[IMPORTED_DONTNEED] = SAME(-EBUSY),
	},
	[PIN_IOVA] = {
		[FRESH ... BUSY] = SAME(0),
		[NO_SHARE] = SAME(-EINVAL),
		[DONTNEED_FRESH ... PURGED] = SAME(-EBUSY),
		[IMPORTED] = SAME(0),
		[IMPORTED_DONTNEED] = SAME(-EBUSY),
	},
	[PIN_IOVA_LEAVES] = {
		[FRESH ... BUSY] = SAME(1),
		[NO_SHARE] = SAME(0),
		[DONTNEED_FRESH ... DONTNEED] = OTHER(1, 0, LEFT_BEHIND),
		/* These have been mapped before. */
		[DONTNEED_PINNED ... DONTNEED_BUSY] = SAME(1),
		[DONTNEED_EVICTED ... PURGED] = OTHER(1, 0, LEFT_BEHIND),
		[IMPORTED] = SAME(1),
		[IMPORTED_DONTNEED] = OTHER(1, 0, LEFT_BEHIND),
	},
	[PIN_IOVA_ACTIVE] = {
		[FRESH ... BUSY] = SAME(1),
		[NO_SHARE ... DONTNEED] = SAME(0),
		[DONTNEED_PINNED ... DONTNEED_BUSY] = SAME(1),
		[DONTNEED_EVICTED ... PURGED] = SAME(0),
		[IMPORTED] = OTHER(1, 0, EXPORTERS),
		[IMPORTED_DONTNEED] = SAME(0),
	},
	[GET_IOVA] = {
		[FRESH ... IMPORTED_DONTNEED] = SAME(0),
	},
	[VADDR] = {
		[FRESH ... NO_SHARE] = SAME(0),
		[DONTNEED_FRESH ... PURGED] = SAME(-EBUSY),
		[IMPORTED ... IMPORTED_DONTNEED] = SAME(-ENODEV),
	},
	[VADDR_ACTIVE] = {
		[FRESH ... DONTNEED_BUSY] = SAME(0),
		[DONTNEED_EVICTED] = OTHER(0, -EBUSY, GARBAGE),
		[PURGED] = OTHER(0, -EBUSY, NOT_A_DUMP),
		[IMPORTED ... IMPORTED_DONTNEED] = SAME(-ENODEV),
	},
	[GEM_PIN] = {
		[FRESH ... BUSY] = SAME(0),
		[NO_SHARE] = SAME(-EINVAL),
		[DONTNEED_FRESH ... PURGED] = SAME(-EBUSY),
		[IMPORTED ... IMPORTED_DONTNEED] = SAME(0),
	},
	[GEM_VMAP] = {
		[FRESH ... NO_SHARE] = SAME(0),
		[DONTNEED_FRESH ... PURGED] = SAME(-EBUSY),
		[IMPORTED] = OTHER(-ENODEV, 0, EXPORTER_MAPS),
		[IMPORTED_DONTNEED] = OTHER(-ENODEV, -EBUSY, ADVICE_FIRST),
	},
	/* DRM exports an imported object as what it is, without the driver. */
	[EXPORT] = {
		[FRESH ... BUSY] = SAME(0),
		[NO_SHARE] = SAME(-EPERM),
		[DONTNEED_FRESH ... PURGED] = SAME(0),
	},
	[IMPORT] = {
		[FRESH ... BUSY] = SAME(0),
		[NO_SHARE] = SAME(-EPERM),
		[DONTNEED_FRESH ... DONTNEED_BUSY] = OTHER(-EBUSY, 0, PIN_ON_MAP),
		[DONTNEED_EVICTED ... PURGED] = OTHER(-EBUSY, -EFAULT, LATE_IMPORT),
	},
	/* Where upstream answers with a signal it WARNs as well. */
	[CPU_READ] = {
		[FRESH ... NO_SHARE] = SAME(0),
		[DONTNEED_FRESH ... DONTNEED_BUSY] = OTHER(-EFAULT, 0, TILL_PURGE),
		[DONTNEED_EVICTED ... PURGED] = SAME(-EFAULT),
		[IMPORTED] = SAME(0),
		[IMPORTED_DONTNEED] = OTHER(-EFAULT, 0, EXPORTER_MAPS),
	},
	[CPU_PREP] = {
		[FRESH ... PINNED] = SAME(0),
		[BUSY] = SAME(-EBUSY),
		[NO_SHARE ... DONTNEED_PINNED] = SAME(0),
		[DONTNEED_BUSY] = SAME(-EBUSY),
		[DONTNEED_EVICTED ... IMPORTED_DONTNEED] = SAME(0),
	},
	[STATUS] = {
		[FRESH] = SAME(0),
		[RESIDENT] = SAME(RES),
		[EVICTED] = SAME(0),
		[IDLE_VMAP ... NO_SHARE] = SAME(RES),
		[DONTNEED_FRESH] = SAME(PRG),
		[DONTNEED ... DONTNEED_BUSY] = SAME(RES | PRG),
		[DONTNEED_EVICTED] = OTHER(PRG, 0, GARBAGE),
		[PURGED] = SAME(0),
		[IMPORTED] = SAME(RES),
		[IMPORTED_DONTNEED] = SAME(RES | PRG),
	},
	[RECLAIM] = {
		[FRESH] = SAME(STAYS),
		[RESIDENT] = SAME(IS_EVICTED),
		[EVICTED] = SAME(IS_EVICTED),
		[IDLE_VMAP] = OTHER(STAYS, IS_EVICTED, VMAP_DROPPED),
		[PINNED ... BUSY] = SAME(STAYS),
		[NO_SHARE] = SAME(IS_EVICTED),
		[DONTNEED_FRESH] = SAME(STAYS),
		[DONTNEED] = SAME(IS_PURGED),
		[DONTNEED_PINNED ... DONTNEED_BUSY] = SAME(STAYS),
		[DONTNEED_EVICTED] = OTHER(IS_EVICTED, IS_PURGED, GARBAGE),
		[PURGED] = SAME(IS_PURGED),
		[IMPORTED ... IMPORTED_DONTNEED] = SAME(STAYS),
	},
};

/**
 * struct subject - an object in a state
 * @obj: object
 * @exporter: what it was imported from
 * @dma_buf: and by which
 * @fence: that of the job that uses it
 */
struct subject {
	struct drm_gem_object *obj;
	struct drm_gem_object *exporter;
	struct dma_buf *dma_buf;
	struct dma_fence *fence;
};

static bool is_needed(enum state state)
{
	return state < DONTNEED_FRESH || state == IMPORTED;
}

static bool has_pages_first(enum state state)
{
	return state != FRESH && state != DONTNEED_FRESH;
}

static struct drm_gem_object *import(struct kunit *test, struct subject *s)
{
	struct msm_test *t = test->priv;
	struct drm_gem_pages_object *exporter;
	struct drm_gem_object *obj;

	exporter = drm_gem_pages_create(msm_test_other(test), TEST_SIZE, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, exporter);
	s->exporter = &exporter->base;
	s->dma_buf = drm_gem_pages_prime_export(s->exporter, DRM_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->dma_buf);
	obj = msm_gem_prime_import(&t->drm, s->dma_buf);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	return obj;
}

static void enter(struct kunit *test, enum state state, struct subject *s)
{
	struct msm_test *t = test->priv;
	u64 iova;

	*s = (struct subject) {};
	if (state == IMPORTED || state == IMPORTED_DONTNEED)
		s->obj = import(test, s);
	else
		s->obj = msm_test_object(test, TEST_SIZE,
					 MSM_BO_WC | (state == NO_SHARE ? MSM_BO_NO_SHARE : 0));
	if (has_pages_first(state))
		KUNIT_ASSERT_EQ(test, get_pages(s->obj), 0);
	switch (state) {
	case EVICTED:
	case DONTNEED_EVICTED:
		drm_gem_pages_evict_all(&t->drm);
		break;
	case IDLE_VMAP:
		KUNIT_ASSERT_EQ(test, msm_test_write(s->obj, 1), 0);
		break;
	case PINNED:
	case DONTNEED_PINNED:
		KUNIT_ASSERT_EQ(test, map(t, s->obj, &iova), 0);
		break;
	case BUSY:
	case DONTNEED_BUSY:
		s->fence = msm_test_fence();
		KUNIT_ASSERT_NOT_NULL(test, s->fence);
		KUNIT_ASSERT_EQ(test, msm_test_submit(t, s->obj, s->fence, &iova), 0);
		unpin(s->obj);
		break;
	default:
		break;
	}
	if (!is_needed(state))
		msm_gem_madvise(s->obj, MSM_MADV_DONTNEED);
	if (state == PURGED)
		drm_gem_pages_evict_all(&t->drm);
}

static void leave(struct kunit *test, enum state state, struct subject *s)
{
	struct msm_test *t = test->priv;

	if (s->fence) {
		dma_fence_signal(s->fence);
		dma_fence_put(s->fence);
	}
	if (state == PINNED || state == DONTNEED_PINNED)
		unpin(s->obj);
	KUNIT_EXPECT_FALSE_MSG(test, drm_gem_pages_is_pinned(&to_msm_bo(s->obj)->pages), "%s",
			       state_names[state]);
	msm_test_expect_sound(test);
	close_and_put(t, s->obj);
	if (s->dma_buf)
		dma_buf_put(s->dma_buf);
	flush_delayed_fput();
	if (s->exporter)
		drm_gem_object_put(s->exporter);
}

static int try_map(struct msm_test *t, struct drm_gem_object *obj)
{
	u64 iova;
	int ret = map(t, obj, &iova);

	if (!ret)
		unpin(obj);
	return ret;
}

static int try_pin_iova(struct msm_test *t, struct drm_gem_object *obj, enum operation op)
{
	unsigned int before = count_mappings(obj);
	int ret, answer;
	u64 iova;

	ret = msm_gem_get_and_pin_iova(obj, t->vm, &iova);
	answer = ret;
	if (op == PIN_IOVA_LEAVES)
		answer = count_mappings(obj);
	if (op == PIN_IOVA_ACTIVE) {
		guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
		answer = msm_gem_active(obj);
	}
	if (!ret && before)
		unpin(obj);
	else if (!ret)
		msm_gem_unpin_iova(obj, t->vm);
	return answer;
}

static int try_vaddr(struct drm_gem_object *obj, bool active)
{
	void *vaddr = active ? get_vaddr_active(obj) : msm_gem_get_vaddr(obj);

	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);
	msm_gem_put_vaddr(obj);
	return 0;
}

static int try_gem_pin(struct drm_gem_object *obj)
{
	int ret;

	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	ret = obj->funcs->pin(obj);
	if (!ret)
		obj->funcs->unpin(obj);
	return ret;
}

static int try_gem_vmap(struct drm_gem_object *obj)
{
	struct iosys_map vaddr;
	int ret;

	guard(drm_gem_pages)(&to_msm_bo(obj)->pages);
	ret = obj->funcs->vmap(obj, &vaddr);
	if (!ret)
		obj->funcs->vunmap(obj, &vaddr);
	return ret;
}

static int try_import(struct kunit *test, struct drm_gem_object *obj, bool attach_to_it)
{
	struct dma_buf *dma_buf = obj->funcs->export(obj, DRM_RDWR);
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	int ret = 0;

	if (IS_ERR(dma_buf))
		return PTR_ERR(dma_buf);
	if (attach_to_it) {
		attach = dma_buf_attach(dma_buf, msm_test_other(test)->dev);
		if (IS_ERR(attach)) {
			ret = PTR_ERR(attach);
			goto out_put;
		}
		sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
		ret = PTR_ERR_OR_ZERO(sgt);
		if (!ret)
			dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_BIDIRECTIONAL);
		dma_buf_detach(dma_buf, attach);
	}
out_put:
	dma_buf_put(dma_buf);
	flush_delayed_fput();
	return ret;
}

static int try_cpu_read(struct kunit *test, struct drm_gem_object *obj, struct drm_file *client)
{
	unsigned long addr;
	int ret;

	KUNIT_ASSERT_EQ(test, drm_gem_create_mmap_offset(obj), 0);
	KUNIT_ASSERT_EQ(test, drm_vma_node_allow(&obj->vma_node, client), 0);
	addr = kunit_vm_mmap(test, client->filp, 0, obj->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     drm_vma_node_offset_addr(&obj->vma_node));
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	ret = fault_in_readable((char __user *)addr, 1) ? -EFAULT : 0;
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, obj->size), 0);
	drm_vma_node_revoke(&obj->vma_node, client);
	return ret;
}

static enum outcome reclaim(struct kunit *test, struct subject *s)
{
	struct drm_gem_pages_object *pages = &to_msm_bo(s->obj)->pages;
	struct msm_test *t = test->priv;

	if (s->fence) {
		/* That of a whole device waits for jobs. */
		guard(drm_gem_pages)(pages);
		KUNIT_EXPECT_EQ(test, drm_gem_pages_evict_locked(pages), -EBUSY);
	} else {
		drm_gem_pages_evict_all(&t->drm);
	}
	if (to_msm_bo(s->obj)->madv == __MSM_MADV_PURGED)
		return IS_PURGED;
	return drm_gem_pages_evictions(pages) && !is_resident(s->obj) ? IS_EVICTED : STAYS;
}

static int answer(struct kunit *test, struct subject *s, enum operation op, struct drm_file *client)
{
	struct msm_test *t = test->priv;
	ktime_t now = ktime_get();
	u64 iova;

	switch (op) {
	case SAY_NEEDED:
		return msm_gem_madvise(s->obj, MSM_MADV_WILLNEED);
	case SAY_NOT_NEEDED:
		return msm_gem_madvise(s->obj, MSM_MADV_DONTNEED);
	case GET_PAGES:
		return get_pages(s->obj);
	case MAP:
		return try_map(t, s->obj);
	case PIN_IOVA:
	case PIN_IOVA_LEAVES:
	case PIN_IOVA_ACTIVE:
		return try_pin_iova(t, s->obj, op);
	case GET_IOVA:
		return msm_gem_get_iova(s->obj, t->vm, &iova);
	case VADDR:
	case VADDR_ACTIVE:
		return try_vaddr(s->obj, op == VADDR_ACTIVE);
	case GEM_PIN:
		return try_gem_pin(s->obj);
	case GEM_VMAP:
		return try_gem_vmap(s->obj);
	case EXPORT:
	case IMPORT:
		return try_import(test, s->obj, op == IMPORT);
	case CPU_READ:
		return try_cpu_read(test, s->obj, client);
	case CPU_PREP:
		return msm_gem_cpu_prep(s->obj, MSM_PREP_WRITE | MSM_PREP_NOSYNC, &now);
	case STATUS:
		return s->obj->funcs->status(s->obj);
	case RECLAIM:
		return reclaim(test, s);
	case OPS:
		break;
	}
	return -ENODATA;
}

static void state_desc(const enum state *state, char *desc)
{
	strscpy(desc, state_names[*state], KUNIT_PARAM_DESC_SIZE);
}

static const enum state states[] = {
	FRESH, RESIDENT, EVICTED, IDLE_VMAP, PINNED, BUSY, NO_SHARE, DONTNEED_FRESH, DONTNEED,
	DONTNEED_PINNED, DONTNEED_BUSY, DONTNEED_EVICTED, PURGED, IMPORTED, IMPORTED_DONTNEED,
};

static_assert(ARRAY_SIZE(states) == STATES);

KUNIT_ARRAY_PARAM(states, states, state_desc);

/* Each operation on an object of its own. */
static void in_state(struct kunit *test)
{
	enum state state = *(const enum state *)test->param_value;
	struct drm_file *client = msm_test_client(test);
	unsigned int rows = 0, others = 0;
	struct subject s;
	enum operation op;
	int ours;

	for (op = 0; op < OPS; op++) {
		const struct answer *a = &answers[op][state];

		if (!a->asked)
			continue;
		enter(test, state, &s);
		ours = answer(test, &s, op, client);
		KUNIT_EXPECT_EQ_MSG(test, ours, a->ours, "%s of what is %s", op_names[op],
				    state_names[state]);
		leave(test, state, &s);

		rows++;
		if (!a->why)
			continue;
		KUNIT_EXPECT_NE_MSG(test, ours, a->upstream, "%s of what is %s is the same",
				    op_names[op], state_names[state]);
		others++;
		kunit_info(test, "%s: upstream %d, here %d: %s\n", op_names[op], a->upstream, ours,
			   a->why);
	}
	kunit_info(test, "%u rows, %u unlike upstream's\n", rows, others);
	KUNIT_EXPECT_GE(test, rows, OPS - 2);
}

/* There is no way back from what is gone. */
static void purged_for_good(struct kunit *test)
{
	struct subject s;

	enter(test, PURGED, &s);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(s.obj, MSM_MADV_WILLNEED), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(s.obj, MSM_MADV_DONTNEED), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(s.obj, MSM_MADV_WILLNEED), 0);
	KUNIT_EXPECT_EQ(test, get_pages(s.obj), -EBUSY);
	leave(test, PURGED, &s);
}

/* What was not needed for a while, and not reclaimed, is whole. */
static void needed_again(struct kunit *test)
{
	struct msm_test *t = test->priv;
	struct subject s;

	enter(test, RESIDENT, &s);
	KUNIT_ASSERT_EQ(test, msm_test_write(s.obj, 3), 0);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(s.obj, MSM_MADV_DONTNEED), 1);
	KUNIT_EXPECT_EQ(test, msm_gem_madvise(s.obj, MSM_MADV_WILLNEED), 1);
	drm_gem_pages_evict_all(&t->drm);
	KUNIT_EXPECT_FALSE(test, is_resident(s.obj));
	KUNIT_EXPECT_EQ(test, msm_test_read(s.obj, 3), 0);
	leave(test, RESIDENT, &s);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(in_state, states_gen_params),
	KUNIT_CASE(purged_for_good),
	KUNIT_CASE(needed_again),
	{}
};

static struct kunit_suite suite = {
	.name = "msm_gem_state",
	.init = msm_test_init,
	.exit = msm_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
