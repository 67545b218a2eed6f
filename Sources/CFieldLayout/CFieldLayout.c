#include "CFieldLayout.h"

#include <stdint.h>

#if defined(CK_ASKS_RUNTIME) && defined(__ELF__) && __has_attribute(swiftcall)

typedef struct {
  const char *name;
  void (*free)(const char *);
  bool isStrong;
  bool isVariable;
} description;

#define RUNTIME __attribute__((weak, swiftcall))

extern RUNTIME intptr_t swift_reflectionMirror_recursiveCount(const void *type);
extern RUNTIME intptr_t swift_reflectionMirror_recursiveChildOffset(const void *type,
                                                                    intptr_t index);
extern RUNTIME const void *swift_reflectionMirror_recursiveChildMetadata(const void *type,
                                                                         intptr_t index,
                                                                         description *field);
extern RUNTIME const void *swift_getTypeByMangledNameInContext(const char *name, size_t length,
                                                               const void *context,
                                                               const void *const *arguments);

// Kinds of metadata: swift/ABI/MetadataKind.def. Larger numbers are pointers, to the class of a
// class.
enum { kindClass = 0, kindStruct = 0x200, kindEnum = 0x201, kindTuple = 0x301, kindLast = 0x7FF };

bool ck_asks_runtime(void) { return true; }

static uintptr_t kind(const void *type) { return *(const uintptr_t *)type; }

ptrdiff_t ck_field_count(const void *type) {
  if (!swift_reflectionMirror_recursiveCount || !swift_reflectionMirror_recursiveChildOffset ||
      !swift_reflectionMirror_recursiveChildMetadata)
    return -1;
  uintptr_t k = kind(type);
  if (k != kindClass && k != kindStruct && k != kindTuple && k <= kindLast) return -1;
  return swift_reflectionMirror_recursiveCount(type);
}

ck_field ck_field_at(const void *type, ptrdiff_t index) {
  description field = {NULL, NULL, false, false};
  ck_field found;
  found.type = swift_reflectionMirror_recursiveChildMetadata(type, index, &field);
  found.offset = swift_reflectionMirror_recursiveChildOffset(type, index);
  found.isStrong = field.isStrong;
  found.isVariable = field.isVariable;
  found.name = field.free ? NULL : field.name;
  if (field.free) field.free(field.name);
  return found;
}

bool ck_is_tuple(const void *type) { return kind(type) == kindTuple; }

// A pointer as the distance from the place where it stands; NULL for 0.
static const char *target(const int32_t *place) {
  return *place ? (const char *)place + *place : NULL;
}

// What describes the cases of an enumeration; NULL if there is nothing.
typedef struct {
  int32_t typeName, superclass;
  uint16_t kind, recordSize;
  uint32_t count;
} field_descriptor;

typedef struct {
  uint32_t flags;
  int32_t typeName, name;
} field_record;

static const int32_t *context(const void *type) { return ((const int32_t *const *)type)[1]; }

static const field_descriptor *cases(const void *type) {
  if (kind(type) != kindEnum || !swift_getTypeByMangledNameInContext) return NULL;
  return (const field_descriptor *)target(context(type) + 4);  // behind flags, parent, name, accessor
}

ptrdiff_t ck_case_count(const void *type) {
  const field_descriptor *found = cases(type);
  return found && found->recordSize >= sizeof(field_record) ? (ptrdiff_t)found->count : -1;
}

// A mangled name ends with a 0; bytes below 0x20 have a reference of four or eight bytes behind them.
static size_t length(const char *name) {
  const unsigned char *end = (const unsigned char *)name;
  while (*end) end += *end >= 0x20 ? 1 : *end >= 0x18 ? 1 + sizeof(void *) : 1 + sizeof(int32_t);
  return end - (const unsigned char *)name;
}

ck_case ck_case_at(const void *type, ptrdiff_t index) {
  const field_descriptor *found = cases(type);
  const field_record *record =
      (const field_record *)((const char *)(found + 1) + index * found->recordSize);
  const char *name = target(&record->typeName);
  ck_case result = {target(&record->name), name != NULL, NULL};
  // The arguments of a generic enumeration stand behind kind and context.
  if (name)
    result.type = swift_getTypeByMangledNameInContext(name, length(name), context(type),
                                                      (const void *const *)type + 2);
  return result;
}

#else

bool ck_asks_runtime(void) { return false; }

ptrdiff_t ck_field_count(const void *type) { return (void)type, -1; }

ck_field ck_field_at(const void *type, ptrdiff_t index) {
  (void)type, (void)index;
  ck_field none = {NULL, NULL, 0, false, false};
  return none;
}

bool ck_is_tuple(const void *type) { return (void)type, false; }

ptrdiff_t ck_case_count(const void *type) { return (void)type, -1; }

ck_case ck_case_at(const void *type, ptrdiff_t index) {
  (void)type, (void)index;
  ck_case none = {NULL, false, NULL};
  return none;
}

#endif
