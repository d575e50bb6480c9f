// SPDX-License-Identifier: GPL-2.0
/// A function whose name ends in _locked wants the reservation lock of the object
/// held. The one without takes the lock itself, and waits for ever if it is held.
///
// Confidence: Moderate
// Comments: Takes any reservation lock for that of the object. Believes a function
//           to hold it if its name ends in _locked, if it is one of the callbacks
//           that are called so, or if another one in the file that holds it calls it.
// Options: --no-includes --include-headers

virtual patch
virtual context
virtual org
virtual report

@initialize:python@
@@
from os.path import dirname

with_lock = set()	# (directory, function): it is called with the lock held
places = set()
callers = {}		# (directory, function): the names of those that call it

def is_held(where, name, depth = 2):
    return ((where, name) in with_lock or name.endswith("_locked") or
            depth > 0 and any(is_held(where, caller, depth - 1)
                              for caller in callers.get((where, name), ())))

//
// A _locked call without the lock
//

// Where trylock has failed
@tried exists@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier try =~ "^(dma_resv|ww_mutex)_trylock$";
identifier take =~ "^(dma_resv|ww_mutex)_lock";
identifier f =~ "^drm_gem_pages_.*_locked$";
position p;
@@
if (!try(...)) {
... when != take(...)
f@p(...)
... when any
}

@held exists@
symbol guard, drm_gem_pages;
identifier take =~ "^(dma_resv_(lock|trylock|assert_held)|ww_mutex_(lock|trylock)|drm_exec_(lock|prepare)_|drm_gpuvm_(exec_lock|prepare_|resv_assert_held)|drm_gem_lock)";
identifier drop =~ "^(dma_resv_unlock|ww_mutex_unlock|drm_exec_fini|drm_gem_unlock)";
identifier f =~ "^drm_gem_pages_.*_locked$";
expression e;
position p != tried.p;
@@
(
 take(...)
|
 lockdep_assert_held(&e->lock.base)
|
 guard(drm_gem_pages)(...)
)
... when any
    when != drop(...)
f@p(...)

@scoped@
iterator name scoped_guard;
expression e;
identifier f =~ "^drm_gem_pages_.*_locked$";
position p;
@@
scoped_guard(drm_gem_pages, e) { <+... f@p(...) ...+> }

// drm_gpuvm's lists may have a lock of their own.
@gpuva exists@
expression e;
symbol gpuva;
position p;
@@
mutex_lock(\(&e->gpuva.lock\|&e.gpuva.lock\))
... when any
drm_gem_pages_gpuvm_update_locked@p(...)

@alone@
identifier f =~ "^drm_gem_pages_.*_locked$";
identifier fn !~ "_locked$";
position p != { held.p, scoped.p, gpuva.p };
@@
fn(...) { <+... f@p(...) ...+> }

@callback@
identifier ops =~ "^drm_(gem_pages_(shrinker|gpuvm|backing)_ops|gem_object_funcs|gpuvm_ops)$";
identifier member =~ "^(busy|unmap|map|purged|get|put|pin|unpin|vmap|vunmap|vm_bo_validate)$";
identifier alone.fn, table;
position q;
@@
struct ops table = { ..., .member = fn@q, ..., };

@script:python@
fn << alone.fn;
q << callback.q;
@@
with_lock.add((dirname(q[0].file), fn))

@calls@
identifier alone.fn, caller;
@@
caller(...) { <+... fn(...) ...+> }

@calls_calls@
identifier calls.caller, other;
@@
other(...) { <+... caller(...) ...+> }

@callback_calls@
identifier ops =~ "^drm_(gem_pages_(shrinker|gpuvm|backing)_ops|gem_object_funcs|gpuvm_ops)$";
identifier member =~ "^(busy|unmap|map|purged|get|put|pin|unpin|vmap|vunmap|vm_bo_validate)$";
identifier calls.caller, table;
position q;
@@
struct ops table = { ..., .member = caller@q, ..., };

@script:python@
fn << calls.caller;
q << callback_calls.q;
@@
with_lock.add((dirname(q[0].file), fn))

@script:python@
p << alone.p;
fn << alone.fn;
caller << calls.caller;
@@
callers.setdefault((dirname(p[0].file), fn), set()).add(caller)

@script:python@
p << alone.p;
fn << calls.caller;
caller << calls_calls.other;
@@
callers.setdefault((dirname(p[0].file), fn), set()).add(caller)

@under exists@
identifier take =~ "^(dma_resv_(lock|trylock|assert_held)|ww_mutex_(lock|trylock)|drm_exec_(lock|prepare)_|drm_gpuvm_(exec_lock|prepare_|resv_assert_held)|drm_gem_lock)";
identifier drop =~ "^(dma_resv_unlock|ww_mutex_unlock|drm_exec_fini|drm_gem_unlock)";
identifier alone.fn;
expression e;
position q;
@@
(
 take(...)
|
 lockdep_assert_held(&e->lock.base)
|
 guard(drm_gem_pages)(...)
)
... when any
    when != drop(...)
fn@q(...)

@script:python@
fn << alone.fn;
q << under.q;
@@
with_lock.add((dirname(q[0].file), fn))

@scoped_under@
iterator name scoped_guard;
expression e;
identifier alone.fn;
position q;
@@
scoped_guard(drm_gem_pages, e) { <+... fn@q(...) ...+> }

@script:python@
fn << alone.fn;
q << scoped_under.q;
@@
with_lock.add((dirname(q[0].file), fn))

@under_caller exists@
identifier take =~ "^(dma_resv_(lock|trylock|assert_held)|ww_mutex_(lock|trylock)|drm_exec_(lock|prepare)_|drm_gpuvm_(exec_lock|prepare_|resv_assert_held)|drm_gem_lock)";
identifier drop =~ "^(dma_resv_unlock|ww_mutex_unlock|drm_exec_fini|drm_gem_unlock)";
identifier calls.caller;
expression e;
position q;
@@
(
 take(...)
|
 lockdep_assert_held(&e->lock.base)
|
 guard(drm_gem_pages)(...)
)
... when any
    when != drop(...)
caller@q(...)

@script:python@
fn << calls.caller;
q << under_caller.q;
@@
with_lock.add((dirname(q[0].file), fn))

@script:python not_held@
p << alone.p;
fn << alone.fn;
@@
if is_held(dirname(p[0].file), fn):
    cocci.include_match(False)

@without depends on not_held && !patch@
identifier alone.f;
position alone.p;
@@
* f@p(...)

//
// A plain call with the lock
//

@plain exists@
identifier take =~ "^(dma_resv_(lock|assert_held)|ww_mutex_lock|drm_exec_(lock|prepare)_|drm_gpuvm_(exec_lock|prepare_|resv_assert_held)|drm_gem_lock)";
identifier drop =~ "^(dma_resv_unlock|ww_mutex_unlock|drm_exec_fini|drm_gem_unlock)";
identifier f =~ "^(drm_gem_(pages_(populate|pin|get_sgt|vmap|vunmap|madvise|evict_all|(begin|end)_cpu_access)|vmap|vunmap)|dma_buf_(begin|end)_cpu_access)$";
expression e;
position p;
@@
(
 take(...)
|
 lockdep_assert_held(&e->lock.base)
|
 guard(drm_gem_pages)(...)
)
... when any
    when != drop(...)
f@p(...)

@plain_tried exists@
identifier try =~ "^(dma_resv|ww_mutex)_trylock$";
identifier drop =~ "^(dma_resv|ww_mutex)_unlock$";
identifier f =~ "^(drm_gem_(pages_(populate|pin|get_sgt|vmap|vunmap|madvise|evict_all|(begin|end)_cpu_access)|vmap|vunmap)|dma_buf_(begin|end)_cpu_access)$";
statement S;
position p;
@@
(
if (!try(...)) S
... when any
    when != drop(...)
f@p(...)
|
if (try(...)) {
... when any
    when != drop(...)
f@p(...)
... when any
}
)

@plain_scoped@
iterator name scoped_guard;
expression e;
identifier f =~ "^(drm_gem_(pages_(populate|pin|get_sgt|vmap|vunmap|madvise|evict_all|(begin|end)_cpu_access)|vmap|vunmap)|dma_buf_(begin|end)_cpu_access)$";
position p;
@@
scoped_guard(drm_gem_pages, e) { <+... f@p(...) ...+> }

@plain_named exists@
identifier fn =~ "_locked$";
identifier f =~ "^(drm_gem_(pages_(populate|pin|get_sgt|vmap|vunmap|madvise|evict_all|(begin|end)_cpu_access)|vmap|vunmap)|dma_buf_(begin|end)_cpu_access)$";
position p != plain.p;
@@
fn(...)
{
... when any
    when != dma_resv_unlock(...)
f@p(...)
... when any
}

@with_it@
identifier f;
position p = { plain.p, plain_tried.p, plain_scoped.p, plain_named.p };
@@
f@p(...)

// Once for each place
@script:python once@
p << with_it.p;
@@
place = (p[0].file, p[0].line, p[0].column)
if place in places:
    cocci.include_match(False)
places.add(place)

@depends on !patch@
identifier with_it.f;
position with_it.p;
@@
* f@p(...)

@depends on patch@
position with_it.p;
@@
(
- drm_gem_pages_pin@p
+ drm_gem_pages_pin_locked
  (...)
|
- drm_gem_pages_vmap@p
+ drm_gem_pages_vmap_locked
  (...)
|
- drm_gem_pages_vunmap@p
+ drm_gem_pages_vunmap_locked
  (...)
|
- drm_gem_pages_madvise@p
+ drm_gem_pages_madvise_locked
  (...)
)

@script:python depends on report@
p << alone.p;
f << alone.f;
fn << alone.fn;
@@
for at in p:
    coccilib.report.print_report(at, "%s: %s without the lock" % (fn, f))

@script:python depends on report@
p << with_it.p;
f << with_it.f;
@@
for at in p:
    coccilib.report.print_report(at, "%s takes the lock that is held" % f)

@script:python depends on org@
p << alone.p;
f << alone.f;
@@
for at in p:
    coccilib.org.print_todo(at, "%s without the lock" % f)

@script:python depends on org@
p << with_it.p;
f << with_it.f;
@@
for at in p:
    coccilib.org.print_todo(at, "%s takes the lock that is held" % f)
