// SPDX-License-Identifier: GPL-2.0
/// User mappings pin nothing, neither when they are made nor when they fault: what
/// user space has mapped, and may map for good, could never be reclaimed.
///
// Confidence: High
// Comments: Sees the functions of the file that the handler calls, and those that they call.
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@handler@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier ops =~ "^(vm_operations_struct|file_operations|drm_gem_object_funcs|dma_buf_ops)$";
identifier member =~ "^(mmap|mmap_prepare|fault|huge_fault|map_pages|page_mkwrite|pfn_mkwrite)$";
identifier table, fn;
@@
struct ops table = { ..., .member = fn, ..., };

@direct depends on context || org || report@
identifier handler.fn;
identifier pin =~ "^(drm_gem_pages_(pin|vmap|get_sgt|object_pin|object_vmap)(_locked)?|drm_gem_(pin|vmap)(_locked)?)$";
position p;
@@
fn(...) { <+...
* pin@p(...)
...+> }

@scoped depends on context || org || report@
identifier handler.fn;
symbol CLASS, drm_gem_pages_pin, drm_gem_pages_vmap;
position p;
@@
fn(...) { <+...
* CLASS@p(\(drm_gem_pages_pin\|drm_gem_pages_vmap\), ...)(...)
...+> }

@calls@
identifier handler.fn;
identifier helper;
@@
fn(...) { <+... helper(...) ...+> }

@indirect depends on context || org || report@
identifier calls.helper;
identifier pin =~ "^(drm_gem_pages_(pin|vmap|get_sgt|object_pin|object_vmap)(_locked)?|drm_gem_(pin|vmap)(_locked)?)$";
position p != direct.p;
@@
helper(...) { <+...
* pin@p(...)
...+> }

@calls_calls@
identifier calls.helper;
identifier other;
@@
helper(...) { <+... other(...) ...+> }

@deep depends on context || org || report@
identifier calls_calls.other;
identifier pin =~ "^(drm_gem_pages_(pin|vmap|get_sgt|object_pin|object_vmap)(_locked)?|drm_gem_(pin|vmap)(_locked)?)$";
position p != { direct.p, indirect.p };
@@
other(...) { <+...
* pin@p(...)
...+> }

@script:python depends on report@
p << direct.p;
fn << handler.fn;
pin << direct.pin;
@@
for at in p:
    coccilib.report.print_report(at, "%s: %s for a user mapping" % (fn, pin))

@script:python depends on report@
p << indirect.p;
fn << calls.helper;
pin << indirect.pin;
@@
for at in p:
    coccilib.report.print_report(at, "%s: %s for a user mapping" % (fn, pin))

@script:python depends on org@
p << direct.p;
fn << handler.fn;
pin << direct.pin;
@@
for at in p:
    coccilib.org.print_todo(at, "%s: %s for a user mapping" % (fn, pin))

@script:python depends on org@
p << indirect.p;
fn << calls.helper;
pin << indirect.pin;
@@
for at in p:
    coccilib.org.print_todo(at, "%s: %s for a user mapping" % (fn, pin))

@script:python depends on report@
p << deep.p;
fn << calls_calls.other;
pin << deep.pin;
@@
for at in p:
    coccilib.report.print_report(at, "%s: %s for a user mapping" % (fn, pin))

@script:python depends on report@
p << scoped.p;
fn << handler.fn;
@@
for at in p:
    coccilib.report.print_report(at, "%s: pin for a user mapping" % fn)

@script:python depends on org@
p << deep.p;
fn << calls_calls.other;
pin << deep.pin;
@@
for at in p:
    coccilib.org.print_todo(at, "%s: %s for a user mapping" % (fn, pin))

@script:python depends on org@
p << scoped.p;
fn << handler.fn;
@@
for at in p:
    coccilib.org.print_todo(at, "%s: pin for a user mapping" % fn)
