/* pipeline/sniff.h: which format a file has: by its name, then by its first bytes (the rules: pipeline/reader.h). */
#ifndef PIPELINE_SNIFF_H
#define PIPELINE_SNIFF_H

#include "base/source.h"
#include "pipeline/csv.h"
#include "pipeline/reader.h"
#include "textml/status.h"

/* What a file's name says, AUTO when nothing. */
tmli_format tmli_format_of_name(tml_str name);

/* What else may be wrong with a first record that names neither text nor label: a part of a sentence, static. */
const char *tmli_header_remedy(const char *name, const tmli_reader_options *options);

/* The format that options ask for, or, for AUTO, the one found; FOLDERS stands for a tar archive. The window, before its
 * first record, loads what is looked at; nothing is consumed. Errors: those of tmli_window_fill, and TML_EFORMAT
 * when FOLDERS is asked for and neither name nor content is an archive's, and for files of rows that are no text, such as
 * Excel's, Parquet's, or UTF-16. */
TML_NODISCARD tml_status tmli_sniff_format(tmli_window *window, const tmli_reader_options *options,
                                           tmli_format *format, tml_error *err);

/* What separates the fields of CSV and TSV (the rule: pipeline/reader.h); as above. Errors: those of tmli_window_fill. */
TML_NODISCARD tml_status tmli_sniff_separator(tmli_window *window,
                                              const tmli_reader_options *options,
                                              tmli_format format, char *separator, tml_error *err);

#endif
