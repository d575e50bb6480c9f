// SPDX-License-Identifier: GPL-2.0
/// The pages and the sg table of an object are the library's to give back, and an
/// object of the library is none of drm_gem_shmem_helper.
///
// Confidence: Moderate
// Comments: In a file that uses the library, takes every object for one of its.
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@uses@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier f =~ "^(drm_gem_pages_|to_drm_gem_pages$)";
@@
f(...)

@called depends on uses && (context || org || report)@
identifier f =~ "^(drm_gem_(get|put)_pages$|drm_gem_shmem_|to_drm_gem_shmem_obj$)";
position p;
@@
* f@p(...)

@table depends on uses@
identifier f =~ "^drm_gem_shmem_";
identifier ops, t, member;
position p;
@@
struct ops t = { ..., .member = \(f@p\|&f@p\), ..., };

@depends on context@
identifier table.f;
position table.p;
@@
* f@p

@sgt depends on context || org || report exists@
identifier get =~ "^drm_gem_pages_(sgt_locked|get_sgt|peek_sgt)$";
identifier free =~ "^(dma_unmap_sg(table|_attrs)?|sg_free_table|kfree)$";
local idexpression sgt;
expression e;
position p;
@@
sgt = get(...)
... when any
    when != sgt = e
* free@p(..., \(sgt\|sgt->sgl\), ...)

@nested depends on context || org || report@
identifier get =~ "^drm_gem_pages_(sgt_locked|get_sgt|peek_sgt)$";
identifier free =~ "^(dma_unmap_sg(table|_attrs)?|sg_free_table|kfree)$";
position p;
@@
* free@p(..., get(...), ...)

@script:python depends on report@
p << called.p;
f << called.f;
@@
for at in p:
    coccilib.report.print_report(at, "%s on an object of drm_gem_pages" % f)

@script:python depends on report@
p << table.p;
f << table.f;
@@
for at in p:
    coccilib.report.print_report(at, "%s on an object of drm_gem_pages" % f)

@script:python depends on report@
p << sgt.p;
free << sgt.free;
@@
for at in p:
    coccilib.report.print_report(at, "the sg table belongs to drm_gem_pages: no %s" % free)

@script:python depends on report@
p << nested.p;
free << nested.free;
@@
for at in p:
    coccilib.report.print_report(at, "the sg table belongs to drm_gem_pages: no %s" % free)

@script:python depends on org@
p << called.p;
f << called.f;
@@
for at in p:
    coccilib.org.print_todo(at, "%s on an object of drm_gem_pages" % f)

@script:python depends on org@
p << table.p;
f << table.f;
@@
for at in p:
    coccilib.org.print_todo(at, "%s on an object of drm_gem_pages" % f)

@script:python depends on org@
p << sgt.p;
free << sgt.free;
@@
for at in p:
    coccilib.org.print_todo(at, "the sg table belongs to drm_gem_pages: no %s" % free)

@script:python depends on org@
p << nested.p;
free << nested.free;
@@
for at in p:
    coccilib.org.print_todo(at, "the sg table belongs to drm_gem_pages: no %s" % free)
