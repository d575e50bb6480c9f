// SPDX-License-Identifier: GPL-2.0
/// What the library keeps in an object or a VM is its own: no driver reads or
/// writes it. There is a function for each thing that may be asked.
///
// Confidence: High
// Comments: Knows a type only if the file or a local header declares it. In a member
//           named state it goes by the names of the fields.
// Options: --local-includes

virtual patch
virtual context
virtual org
virtual report

@depends on patch@
struct drm_gem_pages_object *ptr;
struct drm_gem_pages_object obj;
expression i;
@@
(
- atomic_read(&ptr->state.pin_count)
+ drm_gem_pages_is_pinned(ptr)
|
- ptr->state.pages[i]
+ drm_gem_pages_page_locked(ptr, i)
|
  ptr->state.sgt = ...
|
- ptr->state.sgt
+ drm_gem_pages_peek_sgt(ptr)
|
  ptr->state.evictions = ...
|
- ptr->state.evictions
+ drm_gem_pages_evictions(ptr)
|
  ptr->state.purged = ...
|
- ptr->state.purged
+ drm_gem_pages_is_purged_locked(ptr)
|
- atomic_read(&obj.state.pin_count)
+ drm_gem_pages_is_pinned(&obj)
|
- obj.state.pages[i]
+ drm_gem_pages_page_locked(&obj, i)
|
  obj.state.sgt = ...
|
- obj.state.sgt
+ drm_gem_pages_peek_sgt(&obj)
|
  obj.state.evictions = ...
|
- obj.state.evictions
+ drm_gem_pages_evictions(&obj)
|
  obj.state.purged = ...
|
- obj.state.purged
+ drm_gem_pages_is_purged_locked(&obj)
)

@r depends on context || org || report@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
struct drm_gem_pages_object obj;
struct drm_gem_pages_vm vm;
identifier f;
identifier own =~ "^(attach_maps|pages|sgt|vaddr|(pin|mmap|vmap)_count|evictions|purged|purgeable|gpu_unmapped|gpu_vms?|found_busy|lru_node|idle_vmap_node)$";
expression e;
symbol state, ACCESS_PRIVATE;
position p;
@@
(
* ACCESS_PRIVATE@p(e, state)
|
* obj.state@p
|
* e->state@p.own
|
* e.state@p.own
|
* vm.f@p
)

// The type itself is of no use to a driver either.
@t depends on context || org || report@
identifier v;
position p;
@@
(
* struct drm_gem_pages_state v@p;
|
* struct drm_gem_pages_state *v@p;
|
* struct drm_gem_pages_state *v@p = ...;
)

@given depends on context || org || report@
identifier fn, v;
position p;
@@
* fn(..., struct drm_gem_pages_state *v@p, ...)
  { ... }

@script:python depends on report@
p << r.p;
@@
for at in p:
    coccilib.report.print_report(at, "private to drm_gem_pages")

@script:python depends on report@
p << t.p;
@@
for at in p:
    coccilib.report.print_report(at, "private to drm_gem_pages")

@script:python depends on report@
p << given.p;
@@
for at in p:
    coccilib.report.print_report(at, "private to drm_gem_pages")

@script:python depends on org@
p << r.p;
@@
for at in p:
    coccilib.org.print_todo(at, "private to drm_gem_pages")

@script:python depends on org@
p << t.p;
@@
for at in p:
    coccilib.org.print_todo(at, "private to drm_gem_pages")

@script:python depends on org@
p << given.p;
@@
for at in p:
    coccilib.org.print_todo(at, "private to drm_gem_pages")
