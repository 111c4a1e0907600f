/* The version text of the library that is linked. */
#include "textml/version.h"

const char *tml_version(void)
{
    return TML_VERSION;
}
