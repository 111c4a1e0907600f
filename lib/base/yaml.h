/* base/yaml.h: the YAML door, through libyaml (yaml.c is the only file that includes it). */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/arena.h"
#include "base/value.h"
#include "textml/status.h"

/* Parses one YAML document into the arena. Plain scalars follow YAML 1.2's core schema (null, true/false, finite
 * numbers); quoted ones are strings. Refused with line and column: anchors and aliases (a small file could grow without
 * bound), tags, several documents, keys that are not scalars, a key twice, more than 64 levels. An empty document is an
 * empty object. name stands in error sentences: "NAME:LINE:COLUMN: …". */
TML_NODISCARD tml_status tmli_yaml_parse(const char *name, tml_str text, tmli_arena *arena,
                                         const tmli_value **out, tml_error *err);

#endif
