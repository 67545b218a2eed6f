// Where the stored properties of a class are in its instances, as Swift's runtime knows it.
//
// `Mirror` asks the same functions of the runtime, but for every property of every instance again.
// The standard library calls them from Swift code of its own, so that they are as fixed as its
// interface, though no header declares them. They are linked weakly: a runtime without them says
// -1 properties, and `Mirror` does the work.
//
// Source: swift/stdlib/public/runtime/ReflectionMirror.cpp, core/ReflectionMirror.swift.

#ifndef C_FIELD_LAYOUT_H
#define C_FIELD_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

// A stored property.
typedef struct {
  // What it is called; NULL if that is not known for good.
  const char *name;
  // The metadata of its declared type.
  const void *type;
  // Bytes from the beginning of the instance.
  ptrdiff_t offset;
  // Whether it is neither weak nor unowned.
  bool isStrong;
} ck_field;

// How many stored properties a class has, those of its superclasses first; -1 if the runtime does
// not tell. `type` is the metadata of the class.
ptrdiff_t ck_field_count(const void *type);

// The stored property at `index`, which is less than the count.
ck_field ck_field_at(const void *type, ptrdiff_t index);

#endif
