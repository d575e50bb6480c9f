// SPDX-License-Identifier: GPL-2.0
/// What reclaim calls takes locks with trylock, waits for nothing and allocates
/// nothing that enters reclaim again.
///
// Confidence: Moderate
// Comments: Sees the functions of the file that the callback calls, and those that they call.
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@initialize:python@
@@
from os.path import dirname

reached = {}		# (directory, function): how reclaim gets there

def key(place):
    return (dirname(place.file), place.current_element)

def is_reached(places):
    return any(key(place) in reached for place in places)

def text(place):
    return "%s, %s, may block here" % (place.current_element, reached[key(place)])

@hook@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier ops =~ "^drm_gem_pages_(shrinker|gpuvm|backing)_ops$";
identifier member =~ "^(busy|unmap|purged|resident|trylock|unlock|vm|put)$";
identifier table, fn;
position q;
@@
struct ops table = { ..., .member = fn@q, ..., };

@calls@
identifier hook.fn;
identifier helper;
@@
fn(...) { <+... helper(...) ...+> }

@calls_calls@
identifier calls.helper;
identifier other;
@@
helper(...) { <+... other(...) ...+> }

@script:python@
fn << hook.fn;
q << hook.q;
@@
reached[(dirname(q[0].file), fn)] = "which reclaim calls"

@script:python@
fn << hook.fn;
q << hook.q;
helper << calls.helper;
@@
reached.setdefault((dirname(q[0].file), helper), "which reclaim calls through " + fn)

@script:python@
fn << hook.fn;
q << hook.q;
other << calls_calls.other;
@@
reached.setdefault((dirname(q[0].file), other), "which reclaim calls in the end through " + fn)

@where depends on context || org || report@
identifier block =~ "^(dma_resv_(lock|lock_interruptible|lock_slow|wait_timeout|reserve_fences)|drm_gem_lock|(mutex|rt_mutex|ww_mutex)_lock|mutex_lock_(interruptible|killable|nested|io)|down|down_(read|write|interruptible)|dma_fence_wait(_timeout)?|wait_for_completion.*|wait_event.*|msleep.*|usleep_range|fsleep|.*_poll_timeout|schedule|schedule_timeout.*|flush_work(queue)?|cancel_(delayed_)?work_sync|synchronize_(rcu|srcu|irq)|pm_runtime_(resume|resume_and_get|get_sync|put_sync)|drm_gem_pages_(evict_all|get_sgt|madvise|vunmap|(populate|pin|vmap)(_locked)?|(sgt|validate)_locked)|drm_exec_(lock_obj|prepare_.*))$";
identifier lock =~ "^(mutex|rwsem_(read|write)|drm_gem_pages)$";
identifier one =~ "^k[mvz]+alloc_obj$", many =~ "^k[mvz]+alloc_objs$", flex =~ "^k[mvz]+alloc_flex$";
identifier alloc;
expression a, b, c;
symbol guard;
position p : script:python() { is_reached(p) };
@@
(
* block@p(...)
|
* guard@p(lock)(...)
|
* alloc@p(..., <+... \(GFP_KERNEL\|GFP_KERNEL_ACCOUNT\|GFP_NOFS\|GFP_NOIO\|GFP_USER\|GFP_HIGHUSER\) ...+>, ...)
|
* one@p(a)
|
* many@p(a, b)
|
* flex@p(a, b, c)
)

@scoped depends on context || org || report@
iterator name scoped_guard;
identifier fn, lock =~ "^(mutex|rwsem_(read|write)|drm_gem_pages)$";
expression e;
statement S;
position p : script:python() { is_reached(p) };
@@
fn(...) { <+...
* scoped_guard@p(lock, e)
  S
...+> }

@script:python depends on report@
p << where.p;
@@
for at in p:
    coccilib.report.print_report(at, text(at))

@script:python depends on report@
p << scoped.p;
@@
for at in p:
    coccilib.report.print_report(at, text(at))

@script:python depends on org@
p << where.p;
@@
for at in p:
    coccilib.org.print_todo(at, text(at))

@script:python depends on org@
p << scoped.p;
@@
for at in p:
    coccilib.org.print_todo(at, text(at))
