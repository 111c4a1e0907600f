/* sagemaker/content_members.h: the members of JSON objects that have a meaning in requests, for content_json_rows.c. */
#ifndef SAGEMAKER_CONTENT_MEMBERS_H
#define SAGEMAKER_CONTENT_MEMBERS_H

#include "sagemaker/content.h"

typedef enum sm_member {
    SM_MEMBER_OWN, /* the recipe's key */
    SM_MEMBER_INSTANCES,
    SM_MEMBER_INPUTS,
    SM_MEMBER_INPUT,
    SM_MEMBER_TEXT,
    SM_MEMBER_SOURCE,
    SM_MEMBER_NAME,
    SM_MEMBER_FEATURES,
    SM_MEMBER_DATA,
    SM_MEMBER_PARAMETERS,
    SM_MEMBER_CONFIGURATION,
    SM_MEMBER_K,
    SM_MEMBER_TOP_K,
    SM_MEMBER_EXPLAIN,
    SM_MEMBER_PROBABILITIES,
    SM_MEMBER_VALUES,
    SM_N_MEMBERS,
} sm_member;

extern const tml_str sm_member_keys[SM_N_MEMBERS]; /* that of SM_MEMBER_OWN is the dialect's */

/* The members of an object that have a meaning; of twins the first. */
typedef struct sm_members {
    unsigned has; /* a bit each; where it is not set `of` is not either */
    tmli_json_token of[SM_N_MEMBERS];
} sm_members;

static inline bool sm_members_have(const sm_members *all, sm_member which)
{
    return (all->has >> which & 1) != 0;
}

/* Whether any member asks for something. */
bool sm_members_ask(const sm_members *all);
/* Reads an object to its end. Errors: TML_EFORMAT with line and column. */
TML_NODISCARD tml_status sm_members_read(const sm_rows *rows, tmli_json_items *object,
                                         sm_members *out, tml_error *err);
/* Puts what the members of a row (or, is_row false, of the body) ask for over *ask; those in "parameters" (Hugging Face)
 * and "configuration" (BlazingText) too, over which the direct ones win. from: the object they were read from.
 * Errors: TML_EFORMAT naming the place. */
TML_NODISCARD tml_status sm_members_read_ask(const sm_rows *rows, bool is_row,
                                             const tmli_json_items *from, const sm_members *all,
                                             sm_ask *ask, tml_error *err);

#endif
