// What is stored in values of a type, as Swift's runtime knows it: in classes, structs and tuples the
// stored properties, and where they are; in enumerations what the cases carry.
//
// `Mirror` asks the same functions of the runtime, but for every property of every instance again,
// and says nothing of a type without an instance. The standard library calls them from Swift code of
// its own, so that they are as fixed as its interface, though no header declares them. They are
// linked weakly: a runtime without them says -1 properties, and `Mirror` does the work. FieldLayoutTests
// fail if a runtime tells something else than `Mirror` shows. The package trait `RuntimeFieldLayout`, on
// by default, is the switch: without it nothing is asked, and `Mirror` does the work.
//
// Source: swift/stdlib/public/runtime/ReflectionMirror.cpp, core/ReflectionMirror.swift; for
// enumerations include/swift/ABI/Metadata.h, include/swift/RemoteInspection/Records.h.

#ifndef C_FIELD_LAYOUT_H
#define C_FIELD_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

// Whether this was built to ask the runtime: on ELF platforms, with the trait `RuntimeFieldLayout`.
bool ck_asks_runtime(void);

// A stored property.
typedef struct {
  // What it is called; NULL if that is not known for good.
  const char *name;
  // The metadata of its declared type; that of `()` if values of the type cannot be copied.
  const void *type;
  // Bytes from the beginning of the instance.
  ptrdiff_t offset;
  // Whether it is neither weak nor unowned.
  bool isStrong;
  // Whether it is a `var`.
  bool isVariable;
} ck_field;

// A case of an enumeration.
typedef struct {
  // What it is called; NULL if that is not known.
  const char *name;
  // Whether it carries something.
  bool hasPayload;
  // The metadata of what it carries; NULL if that is not known.
  const void *type;
} ck_case;

// How many stored properties a class, a struct or a tuple has, those of superclasses first; -1 for
// other types, and if the runtime does not tell. `type` is the metadata.
ptrdiff_t ck_field_count(const void *type);

// The stored property at `index`, which is less than the count.
ck_field ck_field_at(const void *type, ptrdiff_t index);

// Whether a type is a tuple.
bool ck_is_tuple(const void *type);

// How many cases an enumeration has; -1 for other types, and if the runtime does not tell.
ptrdiff_t ck_case_count(const void *type);

// The case at `index`, which is less than the count.
ck_case ck_case_at(const void *type, ptrdiff_t index);

#endif
