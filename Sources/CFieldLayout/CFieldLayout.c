#include "CFieldLayout.h"

#include <stdint.h>

#if defined(__ELF__) && __has_attribute(swiftcall)

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

ptrdiff_t ck_field_count(const void *type) {
  if (!swift_reflectionMirror_recursiveCount || !swift_reflectionMirror_recursiveChildOffset ||
      !swift_reflectionMirror_recursiveChildMetadata)
    return -1;
  return swift_reflectionMirror_recursiveCount(type);
}

ck_field ck_field_at(const void *type, ptrdiff_t index) {
  description field = {NULL, NULL, false, false};
  ck_field found;
  found.type = swift_reflectionMirror_recursiveChildMetadata(type, index, &field);
  found.offset = swift_reflectionMirror_recursiveChildOffset(type, index);
  found.isStrong = field.isStrong;
  found.name = field.free ? NULL : field.name;
  if (field.free) field.free(field.name);
  return found;
}

#else

ptrdiff_t ck_field_count(const void *type) { return -1; }

ck_field ck_field_at(const void *type, ptrdiff_t index) {
  ck_field none = {NULL, NULL, 0, false};
  return none;
}

#endif
