/* Lists of words, and what a wrong one was meant to be. */
#include "base/words.h"
#include <string.h>
#include "tap.h"

static void nearest(const char *words, const char *word, const char *wanted)
{
    char found[64] = "";
    bool any = words_nearest(words, word, found, sizeof found);
    ok(any == (wanted != NULL) && (!any || strcmp(found, wanted) == 0), "%s is for %s: %s", word,
       wanted ? wanted : "none", found);
}

int main(void)
{
    ok(words_have("one|two", "one") && words_have("one|two", "two"), "words of a list");
    ok(!words_have("one|two", "on") && !words_have("one|two", "one|two") &&
           !words_have("one|two", "") && !words_have("", "one"),
       "and no others");

    const char *const words = "ids|not-ids|per-class|random|first|output|quiet";
    nearest(words, "rnadom", "random"); /* two swapped */
    nearest(words, "randm", "random");  /* one missing */
    nearest(words, "frist", "first");
    nearest(words, "out", "output");          /* the beginning */
    nearest(words, "per_class", "per-class"); /* another */
    nearest(words, "nots-ids", "not-ids");    /* one more */
    nearest(words, "epochs", NULL);
    nearest(words, "", NULL);
    nearest(words, "x", NULL);
    nearest("", "one", NULL);
    nearest("train|train-encoder", "trian", "train");
    nearest("mastery|max-tensor", "ma", NULL); /* the beginning of both */
    nearest("a", "b", NULL);

    char room[4] = "";
    ok(words_nearest("forest", "forst", room, sizeof room) && strcmp(room, "for") == 0,
       "cut where there is less room");
    char longer[300];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    nearest("aaaa", longer, NULL);
    nearest(longer, "aaaa", NULL);
    return tap_done();
}
