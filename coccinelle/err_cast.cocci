// SPDX-License-Identifier: GPL-2.0
/// The address of a member of an error pointer is no error pointer, unless the
/// member happens to be the first. ERR_CAST() gives the error another type.
///
// Confidence: Moderate
// Comments: Knows drm_gem_pages_create(), functions of the same file, and others by
//           their names.
// Options: --no-includes --include-headers

virtual patch
virtual context
virtual org
virtual report

@initialize:python@
@@
places = set()

// Where the error was noticed
@noticed exists@
iterator name scoped_guard, scoped_cond_guard, drm_exec_until_all_locked, kunit_warning_suppress;
local idexpression obj;
identifier f, g, warn =~ "WARN";
position p;
@@
if (\(IS_ERR(obj)\|IS_ERR_OR_NULL(obj)\|warn(..., IS_ERR(obj), ...)\))
(
  return@p \(&obj->f\|&obj->f.g\);
|
{ ...
  return@p \(&obj->f\|&obj->f.g\);
}
)

// Where success was noticed, and failure goes the same way
@passed exists@
local idexpression obj;
identifier f, g;
expression e;
statement S;
position p;
@@
if (!IS_ERR(obj)) S
... when != \(IS_ERR(obj)\|PTR_ERR(obj)\|ERR_CAST(obj)\)
    when != obj = e
return@p \(&obj->f\|&obj->f.g\);

// Where nobody looked
@own@
identifier fn !~ "(^|_)(create|import)(_|$)";
@@
fn(...) { <+... \(ERR_PTR(...)\|ERR_CAST(...)\) ...+> }

@named@
identifier fn =~ "(^|_)(create|import)(_|$)";
@@
fn(...)

@own_variable exists@
identifier own.fn;
local idexpression obj, gem;
identifier f, g;
expression e;
position p;
@@
obj = fn(...)
... when != \(IS_ERR(obj)\|IS_ERR_OR_NULL(obj)\|!obj\)
    when != obj = e
gem = \(&obj->f\|&obj->f.g\)
... when != \(IS_ERR(obj)\|IS_ERR_OR_NULL(obj)\|!obj\)
    when != gem = e
return@p gem;

@own_unseen exists@
identifier own.fn;
local idexpression obj;
identifier f, g;
expression e;
position p;
@@
obj = fn(...)
... when != \(IS_ERR(obj)\|IS_ERR_OR_NULL(obj)\|!obj\)
    when != obj = e
return@p \(&obj->f\|&obj->f.g\|obj ? &obj->f : NULL\|obj ? &obj->f.g : NULL\);

@named_variable exists@
identifier named.fn;
local idexpression obj, gem;
identifier f, g;
expression e;
position p;
@@
obj = fn(...)
... when != \(IS_ERR(obj)\|IS_ERR_OR_NULL(obj)\|!obj\)
    when != obj = e
gem = \(&obj->f\|&obj->f.g\)
... when != \(IS_ERR(obj)\|IS_ERR_OR_NULL(obj)\|!obj\)
    when != gem = e
return@p gem;

@named_unseen exists@
identifier named.fn;
local idexpression obj;
identifier f, g;
expression e;
position p;
@@
obj = fn(...)
... when != \(IS_ERR(obj)\|IS_ERR_OR_NULL(obj)\|!obj\)
    when != obj = e
return@p \(&obj->f\|&obj->f.g\|obj ? &obj->f : NULL\|obj ? &obj->f.g : NULL\);

@unseen@
position p = { own_unseen.p, named_unseen.p, own_variable.p, named_variable.p,
               passed.p };
expression e;
@@
return@p e;

// Once for each place
@script:python once@
p << unseen.p;
@@
place = (p[0].file, p[0].line, p[0].column)
if place in places:
    cocci.include_match(False)
places.add(place)

@depends on patch@
position unseen.p;
expression obj;
identifier f, g;
@@
+ if (IS_ERR(obj))
+	return ERR_CAST(obj);
return@p \(&obj->f\|&obj->f.g\);

@depends on patch@
local idexpression obj;
identifier f, g, warn =~ "WARN";
@@
if (\(IS_ERR(obj)\|IS_ERR_OR_NULL(obj)\|warn(..., IS_ERR(obj), ...)\))
(
  return
- &obj->f
+ ERR_CAST(obj)
  ;
|
  return
- &obj->f.g
+ ERR_CAST(obj)
  ;
|
{ ...
  return
- \(&obj->f\|&obj->f.g\)
+ ERR_CAST(obj)
  ;
}
)

@depends on context || org || report@
position noticed.p;
expression e;
@@
* return@p e;

@depends on context || org || report@
position unseen.p;
expression e;
@@
* return@p e;

@script:python depends on report@
p << noticed.p;
@@
for at in p:
    coccilib.report.print_report(at, "ERR_CAST() is meant: this is no error pointer any more")

@script:python depends on report@
p << unseen.p;
@@
for at in p:
    coccilib.report.print_report(at, "may be an error pointer, then ERR_CAST() is meant")

@script:python depends on org@
p << noticed.p;
@@
for at in p:
    coccilib.org.print_todo(at, "ERR_CAST() is meant: this is no error pointer any more")

@script:python depends on org@
p << unseen.p;
@@
for at in p:
    coccilib.org.print_todo(at, "may be an error pointer, then ERR_CAST() is meant")
