/* textml/version.h: the library's version and the export mark. */
#ifndef TEXTML_VERSION_H
#define TEXTML_VERSION_H

/* Kept equal to project(VERSION) in CMakeLists.txt by a configure-time check. */
#define TML_VERSION "0.1.0"

#if defined(__GNUC__)
#define TML_API __attribute__((visibility("default")))
#define TML_NODISCARD __attribute__((warn_unused_result))
#define TML_PRINTF(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
#else
#define TML_API
#define TML_NODISCARD
#define TML_PRINTF(format_index, first_arg)
#endif

/* The version of the library that is linked, which may differ from TML_VERSION of the headers. Static text. */
TML_API const char *tml_version(void);

#endif
