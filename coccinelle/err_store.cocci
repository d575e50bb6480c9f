// SPDX-License-Identifier: GPL-2.0
/// An error pointer that is stored in an object looks like the real thing to the
/// next call, and to the function that frees the object.
///
// Confidence: Moderate
// Comments: Knows the usual functions that return error pointers, and those of the
//           same file.
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@known@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier fn =~ "^(drm_gem_pages_(create|sgt_locked|get_sgt|map_dma_buf|prime_.*)|drm_gem_(get_pages|prime_import)|drm_prime_pages_to_sg|dma_buf_(attach|dynamic_attach|export|get|map_attachment.*)|shmem_(file_setup|read_).*)$";
@@
fn(...)

@own@
identifier fn;
@@
fn(...) { <+... \(ERR_PTR(...)\|ERR_CAST(...)\) ...+> }

// Where the error is noticed the field is set right, or the object is freed.
@mended exists@
global idexpression var;
expression e, i, other;
identifier fn, f, g, h, free =~ "^kv?free(_sensitive)?$";
position q;
@@
(
e->f@q = fn(...)
|
e->f.g@q = fn(...)
|
e->f.g.h@q = fn(...)
|
var@q = fn(...)
|
e->f[i]@q = fn(...)
)
...
if (\(IS_ERR(...)\|IS_ERR_OR_NULL(...)\)) {
... when any
(
e->f = other;
|
e->f.g = other;
|
e->f.g.h = other;
|
var = other;
|
e->f[i] = other;
|
free(e, ...);
)
... when any
}

@freed exists@
identifier fn, f, g, h, l, free =~ "^kv?free(_sensitive)?$";
expression e;
position q;
@@
(
e->f@q = fn(...)
|
e->f.g@q = fn(...)
|
e->f.g.h@q = fn(...)
)
... when any
\(IS_ERR(...)\|IS_ERR_OR_NULL(...)\)
...
goto l;
... when any
free(e, ...);

@known_stored depends on context || org || report@
identifier known.fn;
identifier f, g, h;
global idexpression var;
expression e, i;
position p != { mended.q, freed.q };
@@
(
* e->f@p = fn(...)
|
* e->f.g@p = fn(...)
|
* e->f.g.h@p = fn(...)
|
* var@p = fn(...)
|
* e->f[i]@p = fn(...)
)

@known_passed depends on context || org || report exists@
identifier known.fn;
local idexpression ptr;
identifier f, g, h;
global idexpression var;
expression e, i, other;
position p;
@@
ptr = fn(...)
... when != IS_ERR(ptr)
    when != IS_ERR_OR_NULL(ptr)
    when != ptr = other
(
* e->f@p = ptr
|
* e->f.g@p = ptr
|
* e->f.g.h@p = ptr
|
* var@p = ptr
|
* e->f[i]@p = ptr
)

@own_stored depends on context || org || report@
identifier own.fn;
identifier f, g, h;
global idexpression var;
expression e, i;
position p != { mended.q, freed.q };
@@
(
* e->f@p = fn(...)
|
* e->f.g@p = fn(...)
|
* e->f.g.h@p = fn(...)
|
* var@p = fn(...)
|
* e->f[i]@p = fn(...)
)

@own_passed depends on context || org || report exists@
identifier own.fn;
local idexpression ptr;
identifier f, g, h;
global idexpression var;
expression e, i, other;
position p;
@@
ptr = fn(...)
... when != IS_ERR(ptr)
    when != IS_ERR_OR_NULL(ptr)
    when != ptr = other
(
* e->f@p = ptr
|
* e->f.g@p = ptr
|
* e->f.g.h@p = ptr
|
* var@p = ptr
|
* e->f[i]@p = ptr
)

@script:python depends on report@
p << known_stored.p;
fn << known.fn;
@@
for at in p:
    coccilib.report.print_report(at, "may be an error pointer of %s" % fn)

@script:python depends on report@
p << known_passed.p;
fn << known.fn;
@@
for at in p:
    coccilib.report.print_report(at, "may be an error pointer of %s" % fn)

@script:python depends on report@
p << own_stored.p;
fn << own.fn;
@@
for at in p:
    coccilib.report.print_report(at, "may be an error pointer of %s" % fn)

@script:python depends on report@
p << own_passed.p;
fn << own.fn;
@@
for at in p:
    coccilib.report.print_report(at, "may be an error pointer of %s" % fn)

@script:python depends on org@
p << known_stored.p;
fn << known.fn;
@@
for at in p:
    coccilib.org.print_todo(at, "may be an error pointer of %s" % fn)

@script:python depends on org@
p << known_passed.p;
fn << known.fn;
@@
for at in p:
    coccilib.org.print_todo(at, "may be an error pointer of %s" % fn)

@script:python depends on org@
p << own_stored.p;
fn << own.fn;
@@
for at in p:
    coccilib.org.print_todo(at, "may be an error pointer of %s" % fn)

@script:python depends on org@
p << own_passed.p;
fn << own.fn;
@@
for at in p:
    coccilib.org.print_todo(at, "may be an error pointer of %s" % fn)
