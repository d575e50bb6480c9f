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

@hook@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier ops =~ "^drm_gem_pages_(shrinker|gpuvm|backing)_ops$";
identifier member =~ "^(busy|unmap|purged|resident|trylock|unlock|vm|put)$";
identifier table, fn;
@@
struct ops table = { ..., .member = fn, ..., };

@direct depends on context || org || report@
identifier hook.fn;
identifier block =~ "^(dma_resv_(lock|lock_interruptible|lock_slow|wait_timeout)|(mutex|rt_mutex|ww_mutex)_lock|mutex_lock_(interruptible|killable|nested)|down|down_(read|write|interruptible)|dma_fence_wait(_timeout)?|wait_for_completion.*|wait_event.*|msleep.*|usleep_range|fsleep|schedule|schedule_timeout.*|flush_work(queue)?|cancel_(delayed_)?work_sync|synchronize_(rcu|srcu|irq)|drm_gem_pages_(evict_all|get_sgt|madvise|vunmap|(populate|pin|vmap)(_locked)?|(sgt|validate)_locked)|drm_exec_(lock_obj|prepare_.*))$";
identifier alloc;
identifier plain =~ "^k[mvz]+alloc_obj$";
expression e;
symbol guard, mutex, drm_gem_pages;
position p;
@@
fn(...) { <+...
(
* block@p(...)
|
* guard(mutex)@p(...)
|
* guard(drm_gem_pages)@p(...)
|
* alloc@p(..., \(GFP_KERNEL\|GFP_KERNEL_ACCOUNT\|GFP_NOFS\|GFP_NOIO\|GFP_USER\|GFP_HIGHUSER\), ...)
|
* plain@p(e)
)
...+> }

@scoped depends on context || org || report@
iterator name scoped_guard;
identifier hook.fn;
symbol mutex, drm_gem_pages;
expression e;
statement S;
position p;
@@
fn(...) { <+...
* scoped_guard@p(\(mutex\|drm_gem_pages\), e)
  S
...+> }

@calls@
identifier hook.fn;
identifier helper;
@@
fn(...) { <+... helper(...) ...+> }

@indirect depends on context || org || report@
identifier calls.helper;
identifier block =~ "^(dma_resv_(lock|lock_interruptible|lock_slow|wait_timeout)|(mutex|rt_mutex|ww_mutex)_lock|mutex_lock_(interruptible|killable|nested)|down|down_(read|write|interruptible)|dma_fence_wait(_timeout)?|wait_for_completion.*|wait_event.*|msleep.*|usleep_range|fsleep|schedule|schedule_timeout.*|flush_work(queue)?|cancel_(delayed_)?work_sync|synchronize_(rcu|srcu|irq)|drm_gem_pages_(evict_all|get_sgt|madvise|vunmap|(populate|pin|vmap)(_locked)?|(sgt|validate)_locked)|drm_exec_(lock_obj|prepare_.*))$";
identifier alloc;
identifier plain =~ "^k[mvz]+alloc_obj$";
expression e;
symbol guard, mutex, drm_gem_pages;
position p != direct.p;
@@
helper(...) { <+...
(
* block@p(...)
|
* guard(mutex)@p(...)
|
* guard(drm_gem_pages)@p(...)
|
* alloc@p(..., \(GFP_KERNEL\|GFP_KERNEL_ACCOUNT\|GFP_NOFS\|GFP_NOIO\|GFP_USER\|GFP_HIGHUSER\), ...)
|
* plain@p(e)
)
...+> }

@calls_calls@
identifier calls.helper;
identifier other;
@@
helper(...) { <+... other(...) ...+> }

@deep depends on context || org || report@
identifier calls_calls.other;
identifier block =~ "^(dma_resv_(lock|lock_interruptible|lock_slow|wait_timeout)|(mutex|rt_mutex|ww_mutex)_lock|mutex_lock_(interruptible|killable|nested)|down|down_(read|write|interruptible)|dma_fence_wait(_timeout)?|wait_for_completion.*|wait_event.*|msleep.*|usleep_range|fsleep|schedule|schedule_timeout.*|flush_work(queue)?|cancel_(delayed_)?work_sync|synchronize_(rcu|srcu|irq)|drm_gem_pages_(evict_all|get_sgt|madvise|vunmap|(populate|pin|vmap)(_locked)?|(sgt|validate)_locked)|drm_exec_(lock_obj|prepare_.*))$";
identifier alloc;
identifier plain =~ "^k[mvz]+alloc_obj$";
expression e;
symbol guard, mutex, drm_gem_pages;
position p != { direct.p, indirect.p };
@@
other(...) { <+...
(
* block@p(...)
|
* guard(mutex)@p(...)
|
* guard(drm_gem_pages)@p(...)
|
* alloc@p(..., \(GFP_KERNEL\|GFP_KERNEL_ACCOUNT\|GFP_NOFS\|GFP_NOIO\|GFP_USER\|GFP_HIGHUSER\), ...)
|
* plain@p(e)
)
...+> }

@script:python depends on report@
p << direct.p;
fn << hook.fn;
@@
for at in p:
    coccilib.report.print_report(at, "%s, which reclaim calls, may block here" % fn)

@script:python depends on report@
p << scoped.p;
fn << hook.fn;
@@
for at in p:
    coccilib.report.print_report(at, "%s, which reclaim calls, may block here" % fn)

@script:python depends on report@
p << indirect.p;
fn << hook.fn;
helper << calls.helper;
@@
for at in p:
    coccilib.report.print_report(at, "%s, which reclaim calls through %s, may block here" % (helper, fn))

@script:python depends on org@
p << direct.p;
fn << hook.fn;
@@
for at in p:
    coccilib.org.print_todo(at, "%s, which reclaim calls, may block here" % fn)

@script:python depends on org@
p << scoped.p;
fn << hook.fn;
@@
for at in p:
    coccilib.org.print_todo(at, "%s, which reclaim calls, may block here" % fn)

@script:python depends on org@
p << indirect.p;
fn << hook.fn;
helper << calls.helper;
@@
for at in p:
    coccilib.org.print_todo(at, "%s, which reclaim calls through %s, may block here" % (helper, fn))

@script:python depends on report@
p << deep.p;
fn << hook.fn;
other << calls_calls.other;
@@
for at in p:
    coccilib.report.print_report(at, "%s, which reclaim calls in the end through %s, may block here" % (other, fn))

@script:python depends on org@
p << deep.p;
fn << hook.fn;
other << calls_calls.other;
@@
for at in p:
    coccilib.org.print_todo(at, "%s, which reclaim calls in the end through %s, may block here" % (other, fn))
