// SPDX-License-Identifier: GPL-2.0
/// A pin, a vmap and an sg table that was got are given back on each way out that
/// fails. The classes drm_gem_pages_pin and drm_gem_pages_vmap do that by themselves.
///
// Confidence: Moderate
// Comments: Does not know which functions of a driver undo what.
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

// What is undone behind a label
@undone exists@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
identifier undo =~ "^drm_gem_(pages_(object_)?)?(unpin|put_sgt|vunmap)(_locked)?$";
identifier l;
position q;
@@
goto@q l;
... when any
undo(...)

// What a function of the same file undoes
@helper@
identifier undo =~ "^drm_gem_(pages_(object_)?)?(unpin|put_sgt|vunmap)(_locked)?$";
identifier fn;
@@
fn(...) { <+... undo(...) ...+> }

@helped@
identifier helper.fn;
expression e;
position q;
@@
fn(...);
return@q e;

@helped_label exists@
identifier helper.fn, l;
position q;
@@
goto@q l;
...
fn(...);

// By name, as all else takes for ever
@got@
identifier get =~ "^drm_gem_(pages_(object_)?)?(pin|vmap)(_locked)?$";
expression obj;
position g;
@@
get@g(obj, ...)

@out depends on context || org || report exists@
identifier got.get;
expression got.obj;
position got.g;
identifier undo =~ "^drm_gem_(pages_(object_)?)?(unpin|vunmap)(_locked)?$";
identifier l, i;
type T;
expression ret, e, c;
statement S;
position p != { undone.q, helped.q, helped_label.q };
@@
(
ret = get@g(obj, ...);
if (\(ret\|ret < 0\|ret != 0\)) S
|
T i = get@g(obj, ...);
if (\(i\|i < 0\|i != 0\)) S
|
if (\(get@g(obj, ...)\|get@g(obj, ...) < 0\)) S
)
... when any
    when != undo(obj, ...)
if (c) {
... when any
    when != undo(obj, ...)
(
  return 0;
|
* return@p e;
|
* goto@p l;
)
}

// The same inside of what is done when it succeeded
@inside depends on context || org || report exists@
identifier got.get;
expression got.obj;
position got.g;
identifier undo =~ "^drm_gem_(pages_(object_)?)?(unpin|vunmap)(_locked)?$";
identifier l;
expression ret, e, c;
position p != { undone.q, helped.q, helped_label.q };
@@
ret = get@g(obj, ...);
if (\(!ret\|ret == 0\)) {
... when any
    when != undo(obj, ...)
if (c) {
... when any
    when != undo(obj, ...)
(
  return 0;
|
* return@p e;
|
* goto@p l;
)
}
... when any
}

@out_sgt depends on context || org || report exists@
identifier l;
local idexpression sgt;
expression obj, e, c;
statement S;
position p != { undone.q, helped.q, helped_label.q };
@@
sgt = drm_gem_pages_get_sgt(obj)
...
if (IS_ERR(sgt)) S
... when any
    when != drm_gem_pages_put_sgt(obj)
if (c) {
... when any
    when != drm_gem_pages_put_sgt(obj)
(
  return 0;
|
* return@p e;
|
* goto@p l;
)
}

// Neither given back nor kept
@fine exists@
local idexpression sgt;
expression e;
position q;
@@
sgt = drm_gem_pages_get_sgt@q(...)
... when any
(
drm_gem_pages_put_sgt(...)
|
e = sgt
)

@given exists@
local idexpression sgt;
position q;
@@
sgt = drm_gem_pages_get_sgt@q(...)
... when any
return sgt;

@lost depends on context || org || report@
local idexpression sgt;
position p != { fine.q, given.q };
@@
* sgt = drm_gem_pages_get_sgt@p(...)

@script:python depends on report@
p << out.p;
f << got.get;
@@
for at in p:
    coccilib.report.print_report(at, "what %s did is not undone" % f)

@script:python depends on report@
p << inside.p;
f << got.get;
@@
for at in p:
    coccilib.report.print_report(at, "what %s did is not undone" % f)

@script:python depends on report@
p << out_sgt.p;
@@
for at in p:
    coccilib.report.print_report(at, "what drm_gem_pages_get_sgt did is not undone")

@script:python depends on report@
p << lost.p;
@@
for at in p:
    coccilib.report.print_report(at, "sg table neither given back nor kept")

@script:python depends on org@
p << out.p;
f << got.get;
@@
for at in p:
    coccilib.org.print_todo(at, "what %s did is not undone" % f)

@script:python depends on org@
p << inside.p;
f << got.get;
@@
for at in p:
    coccilib.org.print_todo(at, "what %s did is not undone" % f)

@script:python depends on org@
p << out_sgt.p;
@@
for at in p:
    coccilib.org.print_todo(at, "what drm_gem_pages_get_sgt did is not undone")

@script:python depends on org@
p << lost.p;
@@
for at in p:
    coccilib.org.print_todo(at, "sg table neither given back nor kept")
