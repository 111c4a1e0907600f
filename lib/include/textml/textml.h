/* textml/textml.h: all public headers. */
#ifndef TEXTML_TEXTML_H
#define TEXTML_TEXTML_H

#include "textml/explain.h"
#include "textml/fit.h"
#include "textml/log.h"
#include "textml/metrics.h"
#include "textml/model.h"
#include "textml/recipe.h"
#include "textml/report.h"
#include "textml/status.h"
#include "textml/str.h"
#include "textml/tokenizer.h"
#include "textml/version.h"

#endif
