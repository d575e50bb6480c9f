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

@initialize:python@
@@
from os.path import dirname

reached = {}		# (directory, function): the handler that it is or is called by

def key(place):
    return (dirname(place.file), place.current_element)

def is_reached(places):
    return any(key(place) in reached for place in places)

@handler@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier ops =~ "^(vm_operations_struct|file_operations|drm_gem_object_funcs|dma_buf_ops)$";
identifier member =~ "^(mmap|mmap_prepare|fault|huge_fault|map_pages|page_mkwrite|pfn_mkwrite)$";
identifier table, fn;
position q;
@@
struct ops table = { ..., .member = fn@q, ..., };

@calls@
identifier handler.fn;
identifier helper;
@@
fn(...) { <+... helper(...) ...+> }

@calls_calls@
identifier calls.helper;
identifier other;
@@
helper(...) { <+... other(...) ...+> }

@script:python@
fn << handler.fn;
q << handler.q;
@@
reached[(dirname(q[0].file), fn)] = fn

@script:python@
fn << handler.fn;
q << handler.q;
helper << calls.helper;
@@
reached.setdefault((dirname(q[0].file), helper), fn)

@script:python@
fn << handler.fn;
q << handler.q;
other << calls_calls.other;
@@
reached.setdefault((dirname(q[0].file), other), fn)

@pins depends on context || org || report@
identifier pin =~ "^(drm_gem_pages_(pin|vmap|get_sgt|object_pin|object_vmap)(_locked)?|drm_gem_(pin|vmap)(_locked)?)$";
symbol CLASS, drm_gem_pages_pin, drm_gem_pages_vmap;
position p : script:python() { is_reached(p) };
@@
(
* pin@p(...)
|
* CLASS@p(\(drm_gem_pages_pin\|drm_gem_pages_vmap\), ...)(...)
)

@script:python depends on report@
p << pins.p;
@@
for at in p:
    coccilib.report.print_report(at, "%s: pin for a user mapping" % reached[key(at)])

@script:python depends on org@
p << pins.p;
@@
for at in p:
    coccilib.org.print_todo(at, "%s: pin for a user mapping" % reached[key(at)])
