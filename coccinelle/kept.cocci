// SPDX-License-Identifier: GPL-2.0
/// Pages, sg table and vmap address last as long as the lock, the pin or the vmap
/// that they were got under. Whoever keeps them, uses memory that was reclaimed.
/// Ask again instead: it costs next to nothing.
///
// Confidence: Moderate
// Comments: Who holds a pin for as long as the field, may keep it.
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

// Stored at once
@direct depends on context || org || report@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
identifier store =~ "^(WRITE_ONCE|smp_store_release|rcu_assign_pointer)$";
identifier f, g;
global idexpression var;
type T;
expression e, i;
position p;
@@
(
* e->f@p = get(...)
|
* e->f.g@p = get(...)
|
* e->f[i]@p = get(...)
|
* *e@p = get(...)
|
* var@p = get(...)
|
* store@p(e->f, get(...))
|
* store@p(e->f.g, get(...))
|
* e->f@p = (T){ ..., .g = get(...), ... }
|
* e->f[i]@p = (T){ ..., .g = get(...), ... }
|
* *e@p = (T){ ..., .g = get(...), ... }
)

// Stored after a while
@later depends on context || org || report exists@
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
identifier store =~ "^(WRITE_ONCE|smp_store_release|rcu_assign_pointer)$";
identifier f, g;
local idexpression got;
global idexpression var;
type T;
expression e, i;
position p;
@@
got = get(...)
... when any
    when != got = e
(
* e->f@p = got
|
* e->f.g@p = got
|
* e->f[i]@p = got
|
* *e@p = got
|
* var@p = got
|
* store@p(e->f, got)
|
* store@p(e->f.g, got)
|
* e->f@p = (T){ ..., .g = got, ... }
|
* e->f[i]@p = (T){ ..., .g = got, ... }
|
* *e@p = (T){ ..., .g = got, ... }
)

// Gathered, and stored in the end
@gathered depends on context || org || report exists@
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
identifier f, g;
local idexpression got, all;
global idexpression var;
expression e, i;
position p;
@@
(
all[i] = get(...);
|
got = get(...);
... when != got = e
all[i] = got;
)
... when any
    when != all = e
(
* e->f@p = all
|
* e->f.g@p = all
|
* var@p = all
)

// The address without the struct iosys_map that gives it back
@address depends on context || org || report exists@
identifier vmap =~ "^drm_gem_(pages_(object_)?)?vmap(_locked)?$";
identifier f, g;
local idexpression mapped;
global idexpression var;
expression e;
position p;
symbol vaddr;
@@
vmap(..., \(&mapped\|mapped\))
...
(
* e->f@p = \(mapped.vaddr\|mapped->vaddr\)
|
* e->f.g@p = \(mapped.vaddr\|mapped->vaddr\)
|
* var@p = \(mapped.vaddr\|mapped->vaddr\)
)

@scoped depends on context || org || report exists@
symbol CLASS, drm_gem_pages_vmap, map;
identifier f, g, scope;
global idexpression var;
expression e;
position p;
@@
CLASS(drm_gem_pages_vmap, scope)(...)
...
(
* e->f@p = scope.map.vaddr
|
* e->f.g@p = scope.map.vaddr
|
* e->f@p = scope.map
|
* var@p = scope.map.vaddr
)

// Used after the lock was dropped, and nothing pinned
@pinned exists@
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
identifier pin =~ "^drm_gem_pages_(pin|vmap|get_sgt)(_locked)?$";
position q;
@@
pin(...)
... when any
get@q(...)

@unlocked depends on context || org || report exists@
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
identifier drop =~ "^(dma_resv_unlock|ww_mutex_unlock|drm_exec_fini|drm_gem_unlock)";
position q != pinned.q;
local idexpression got;
identifier f, use !~ "^(IS_ERR|PTR_ERR|ERR_CAST)";
expression e;
position p;
@@
got = get@q(...)
... when != got = e
    when != drm_gem_pages_pin_locked(...)
drop(...);
... when != got = e
    when != dma_resv_lock(...)
(
* use@p(..., got, ...)
|
* got->f@p
)

// The same where the end of a scope drops it
@left depends on context || org || report exists@
iterator name scoped_guard;
symbol drm_gem_pages;
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
local idexpression got;
identifier f, use !~ "^(IS_ERR|PTR_ERR|ERR_CAST)";
expression o, e;
position p;
@@
scoped_guard(drm_gem_pages, o) { ... when any
got = get(...);
... when any
}
... when != got = e
    when != guard(drm_gem_pages)(...)
    when != dma_resv_lock(...)
(
* use@p(..., got, ...)
|
* got->f@p
)

// A loop over it, after either
@walked depends on context || org || report exists@
iterator name scoped_guard, for_each_sgtable_sg, for_each_sgtable_dma_sg, for_each_sgtable_page, for_each_sgtable_dma_page;
symbol drm_gem_pages;
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt)$";
identifier drop =~ "^(dma_resv_unlock|ww_mutex_unlock|drm_exec_fini|drm_gem_unlock)";
position q != pinned.q;
local idexpression got;
iterator loop;
expression o, e;
statement S;
position p;
@@
(
got = get@q(...);
... when != got = e
    when != drm_gem_pages_pin_locked(...)
drop(...);
|
scoped_guard(drm_gem_pages, o) { ... when any
got = get@q(...);
... when any
}
)
... when != got = e
    when != guard(drm_gem_pages)(...)
    when != dma_resv_lock(...)
* loop@p(got, ...)
  S

// Returned from where the lock is dropped
@at_once exists@
symbol guard, drm_gem_pages;
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
position p;
@@
guard(drm_gem_pages)(...);
... when any
return@p get(...);

@in_scope exists@
symbol guard, drm_gem_pages;
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
local idexpression got;
expression e;
position p;
@@
guard(drm_gem_pages)(...);
... when any
got = get(...)
... when any
    when != got = e
return@p got;

@behind_unlock exists@
identifier get =~ "^drm_gem_pages_(sgt_locked|peek_sgt|page_locked)$";
identifier drop =~ "^(dma_resv_unlock|ww_mutex_unlock|drm_exec_fini|drm_gem_unlock)";
position q != pinned.q;
local idexpression got;
expression e;
position p;
@@
got = get@q(...)
... when != got = e
    when != drm_gem_pages_pin_locked(...)
drop(...);
... when != got = e
return@p got;

@returned depends on context || org || report@
position p = { at_once.p, in_scope.p, behind_unlock.p };
expression e;
@@
* return@p e;

// get_sgt pins until put_sgt
@put depends on context || org || report exists@
local idexpression got;
identifier f, use !~ "^(IS_ERR|PTR_ERR|ERR_CAST)";
expression obj, e;
position p;
@@
got = drm_gem_pages_get_sgt(obj)
... when any
    when != got = e
drm_gem_pages_put_sgt(obj);
... when != got = e
(
* use@p(..., got, ...)
|
* got->f@p
)

// What the library hands to a callback
@callback@
identifier table, fn;
@@
struct drm_gem_pages_gpuvm_ops table = { ..., .map = fn, ..., };

@handed_kept depends on context || org || report exists@
identifier callback.fn, vm_bo, arg, f, g;
global idexpression var;
expression e;
position p;
@@
fn(struct drm_gpuvm_bo *vm_bo, struct sg_table *arg)
{
... when any
(
* e->f@p = arg
|
* e->f.g@p = arg
|
* var@p = arg
)
... when any
}

@script:python depends on report@
p << direct.p;
@@
for at in p:
    coccilib.report.print_report(at, "kept beyond the lock that it was got under")

@script:python depends on report@
p << later.p;
@@
for at in p:
    coccilib.report.print_report(at, "kept beyond the lock that it was got under")

@script:python depends on report@
p << gathered.p;
@@
for at in p:
    coccilib.report.print_report(at, "kept beyond the lock that it was got under")

@script:python depends on report@
p << address.p;
@@
for at in p:
    coccilib.report.print_report(at, "address of a vmap kept without its struct iosys_map")

@script:python depends on report@
p << scoped.p;
@@
for at in p:
    coccilib.report.print_report(at, "address kept beyond the scope of its vmap")

@script:python depends on report@
p << unlocked.p;
@@
for at in p:
    coccilib.report.print_report(at, "used after the lock was dropped that it was got under")

@script:python depends on org@
p << direct.p;
@@
for at in p:
    coccilib.org.print_todo(at, "kept beyond the lock that it was got under")

@script:python depends on org@
p << later.p;
@@
for at in p:
    coccilib.org.print_todo(at, "kept beyond the lock that it was got under")

@script:python depends on org@
p << gathered.p;
@@
for at in p:
    coccilib.org.print_todo(at, "kept beyond the lock that it was got under")

@script:python depends on org@
p << address.p;
@@
for at in p:
    coccilib.org.print_todo(at, "address of a vmap kept without its struct iosys_map")

@script:python depends on org@
p << scoped.p;
@@
for at in p:
    coccilib.org.print_todo(at, "address kept beyond the scope of its vmap")

@script:python depends on org@
p << unlocked.p;
@@
for at in p:
    coccilib.org.print_todo(at, "used after the lock was dropped that it was got under")

@script:python depends on report@
p << returned.p;
@@
for at in p:
    coccilib.report.print_report(at, "returned beyond the lock that it was got under")

@script:python depends on org@
p << returned.p;
@@
for at in p:
    coccilib.org.print_todo(at, "returned beyond the lock that it was got under")

@script:python depends on report@
p << walked.p;
@@
for at in p:
    coccilib.report.print_report(at, "used after the lock was dropped that it was got under")

@script:python depends on report@
p << left.p;
@@
for at in p:
    coccilib.report.print_report(at, "used after the scope of the lock that it was got under")

@script:python depends on org@
p << walked.p;
@@
for at in p:
    coccilib.org.print_todo(at, "used after the lock was dropped that it was got under")

@script:python depends on org@
p << left.p;
@@
for at in p:
    coccilib.org.print_todo(at, "used after the scope of the lock that it was got under")

@script:python depends on report@
p << put.p;
@@
for at in p:
    coccilib.report.print_report(at, "used after drm_gem_pages_put_sgt()")

@script:python depends on org@
p << put.p;
@@
for at in p:
    coccilib.org.print_todo(at, "used after drm_gem_pages_put_sgt()")

@script:python depends on report@
p << handed_kept.p;
@@
for at in p:
    coccilib.report.print_report(at, "kept beyond the call that it was handed to")

@script:python depends on org@
p << handed_kept.p;
@@
for at in p:
    coccilib.org.print_todo(at, "kept beyond the call that it was handed to")
