/* The lists of stop words that have a name, in byte order. Written by tests/golden/make_stop_words.py. */
#include <string.h>

#include "textml/tokenizer.h"

/* clang-format off */
#define W(word) {(word), sizeof(word) - 1}

/* scikit-learn's ENGLISH_STOP_WORDS: 318 words. */
static const tml_str english[] = {
    W("a"), W("about"), W("above"), W("across"), W("after"), W("afterwards"), W("again"),
    W("against"), W("all"), W("almost"), W("alone"), W("along"), W("already"), W("also"),
    W("although"), W("always"), W("am"), W("among"), W("amongst"), W("amoungst"), W("amount"),
    W("an"), W("and"), W("another"), W("any"), W("anyhow"), W("anyone"), W("anything"),
    W("anyway"), W("anywhere"), W("are"), W("around"), W("as"), W("at"), W("back"), W("be"),
    W("became"), W("because"), W("become"), W("becomes"), W("becoming"), W("been"), W("before"),
    W("beforehand"), W("behind"), W("being"), W("below"), W("beside"), W("besides"), W("between"),
    W("beyond"), W("bill"), W("both"), W("bottom"), W("but"), W("by"), W("call"), W("can"),
    W("cannot"), W("cant"), W("co"), W("con"), W("could"), W("couldnt"), W("cry"), W("de"),
    W("describe"), W("detail"), W("do"), W("done"), W("down"), W("due"), W("during"), W("each"),
    W("eg"), W("eight"), W("either"), W("eleven"), W("else"), W("elsewhere"), W("empty"),
    W("enough"), W("etc"), W("even"), W("ever"), W("every"), W("everyone"), W("everything"),
    W("everywhere"), W("except"), W("few"), W("fifteen"), W("fifty"), W("fill"), W("find"),
    W("fire"), W("first"), W("five"), W("for"), W("former"), W("formerly"), W("forty"), W("found"),
    W("four"), W("from"), W("front"), W("full"), W("further"), W("get"), W("give"), W("go"),
    W("had"), W("has"), W("hasnt"), W("have"), W("he"), W("hence"), W("her"), W("here"),
    W("hereafter"), W("hereby"), W("herein"), W("hereupon"), W("hers"), W("herself"), W("him"),
    W("himself"), W("his"), W("how"), W("however"), W("hundred"), W("i"), W("ie"), W("if"),
    W("in"), W("inc"), W("indeed"), W("interest"), W("into"), W("is"), W("it"), W("its"),
    W("itself"), W("keep"), W("last"), W("latter"), W("latterly"), W("least"), W("less"), W("ltd"),
    W("made"), W("many"), W("may"), W("me"), W("meanwhile"), W("might"), W("mill"), W("mine"),
    W("more"), W("moreover"), W("most"), W("mostly"), W("move"), W("much"), W("must"), W("my"),
    W("myself"), W("name"), W("namely"), W("neither"), W("never"), W("nevertheless"), W("next"),
    W("nine"), W("no"), W("nobody"), W("none"), W("noone"), W("nor"), W("not"), W("nothing"),
    W("now"), W("nowhere"), W("of"), W("off"), W("often"), W("on"), W("once"), W("one"), W("only"),
    W("onto"), W("or"), W("other"), W("others"), W("otherwise"), W("our"), W("ours"),
    W("ourselves"), W("out"), W("over"), W("own"), W("part"), W("per"), W("perhaps"), W("please"),
    W("put"), W("rather"), W("re"), W("same"), W("see"), W("seem"), W("seemed"), W("seeming"),
    W("seems"), W("serious"), W("several"), W("she"), W("should"), W("show"), W("side"),
    W("since"), W("sincere"), W("six"), W("sixty"), W("so"), W("some"), W("somehow"), W("someone"),
    W("something"), W("sometime"), W("sometimes"), W("somewhere"), W("still"), W("such"),
    W("system"), W("take"), W("ten"), W("than"), W("that"), W("the"), W("their"), W("them"),
    W("themselves"), W("then"), W("thence"), W("there"), W("thereafter"), W("thereby"),
    W("therefore"), W("therein"), W("thereupon"), W("these"), W("they"), W("thick"), W("thin"),
    W("third"), W("this"), W("those"), W("though"), W("three"), W("through"), W("throughout"),
    W("thru"), W("thus"), W("to"), W("together"), W("too"), W("top"), W("toward"), W("towards"),
    W("twelve"), W("twenty"), W("two"), W("un"), W("under"), W("until"), W("up"), W("upon"),
    W("us"), W("very"), W("via"), W("was"), W("we"), W("well"), W("were"), W("what"),
    W("whatever"), W("when"), W("whence"), W("whenever"), W("where"), W("whereafter"),
    W("whereas"), W("whereby"), W("wherein"), W("whereupon"), W("wherever"), W("whether"),
    W("which"), W("while"), W("whither"), W("who"), W("whoever"), W("whole"), W("whom"),
    W("whose"), W("why"), W("will"), W("with"), W("within"), W("without"), W("would"), W("yet"),
    W("you"), W("your"), W("yours"), W("yourself"), W("yourselves"),
};

/* NLTK's English list of 2021: 179 words. */
static const tml_str nltk[] = {
    W("a"), W("about"), W("above"), W("after"), W("again"), W("against"), W("ain"), W("all"),
    W("am"), W("an"), W("and"), W("any"), W("are"), W("aren"), W("aren't"), W("as"), W("at"),
    W("be"), W("because"), W("been"), W("before"), W("being"), W("below"), W("between"), W("both"),
    W("but"), W("by"), W("can"), W("couldn"), W("couldn't"), W("d"), W("did"), W("didn"),
    W("didn't"), W("do"), W("does"), W("doesn"), W("doesn't"), W("doing"), W("don"), W("don't"),
    W("down"), W("during"), W("each"), W("few"), W("for"), W("from"), W("further"), W("had"),
    W("hadn"), W("hadn't"), W("has"), W("hasn"), W("hasn't"), W("have"), W("haven"), W("haven't"),
    W("having"), W("he"), W("her"), W("here"), W("hers"), W("herself"), W("him"), W("himself"),
    W("his"), W("how"), W("i"), W("if"), W("in"), W("into"), W("is"), W("isn"), W("isn't"),
    W("it"), W("it's"), W("its"), W("itself"), W("just"), W("ll"), W("m"), W("ma"), W("me"),
    W("mightn"), W("mightn't"), W("more"), W("most"), W("mustn"), W("mustn't"), W("my"),
    W("myself"), W("needn"), W("needn't"), W("no"), W("nor"), W("not"), W("now"), W("o"), W("of"),
    W("off"), W("on"), W("once"), W("only"), W("or"), W("other"), W("our"), W("ours"),
    W("ourselves"), W("out"), W("over"), W("own"), W("re"), W("s"), W("same"), W("shan"),
    W("shan't"), W("she"), W("she's"), W("should"), W("should've"), W("shouldn"), W("shouldn't"),
    W("so"), W("some"), W("such"), W("t"), W("than"), W("that"), W("that'll"), W("the"),
    W("their"), W("theirs"), W("them"), W("themselves"), W("then"), W("there"), W("these"),
    W("they"), W("this"), W("those"), W("through"), W("to"), W("too"), W("under"), W("until"),
    W("up"), W("ve"), W("very"), W("was"), W("wasn"), W("wasn't"), W("we"), W("were"), W("weren"),
    W("weren't"), W("what"), W("when"), W("where"), W("which"), W("while"), W("who"), W("whom"),
    W("why"), W("will"), W("with"), W("won"), W("won't"), W("wouldn"), W("wouldn't"), W("y"),
    W("you"), W("you'd"), W("you'll"), W("you're"), W("you've"), W("your"), W("yours"),
    W("yourself"), W("yourselves"),
};
#undef W
/* clang-format on */

const tml_str *tml_stop_words(const char *name, size_t *n)
{
    if (strcmp(name, "english") == 0) {
        *n = sizeof english / sizeof english[0];
        return english;
    }
    if (strcmp(name, "nltk") == 0) {
        *n = sizeof nltk / sizeof nltk[0];
        return nltk;
    }
    return NULL;
}
