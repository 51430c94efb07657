/* Measures of a space of latents, on points whose answers are known. */
#include "measure/space.h"
#include <math.h>
#include <string.h>
#include "tap.h"

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

/* Two classes on a line: 0, 1, 2 and 10, 12; and a third at (4, 3). */
static float z[] = {0, 0, 1, 0, 2, 0, 10, 0, 12, 0, 4, 3};
static const int64_t label[] = {0, 0, 0, 1, 1, 2};

static void centres(void)
{
    struct space s = {6, 2, 3, z, label};
    struct space_classes of, scaled;
    struct error e = {""};
    ok(!space_classes(&s, &of, &e), "classes %s", e.text);
    /* means (1, 0), (11, 0), (4, 3): 100, 18, 58 apart; within 1 + 0 + 1 + 1 + 1 + 0 */
    ok(near(of.means.least, 18) && near(of.means.most, 100) && near(of.means.mean, 176. / 3),
       "means: %g, %g, %g apart", of.means.least, of.means.most, of.means.mean);
    ok(near(of.radius, 4. / 6), "radius %g", of.radius);
    const double x = 29. / 6, y = 3. / 6; /* the mean of all */
    const double apart = 3 * ((1 - x) * (1 - x) + y * y) + 2 * ((11 - x) * (11 - x) + y * y) +
                         (4 - x) * (4 - x) + (3 - y) * (3 - y);
    ok(near(of.scatter, apart / 4), "scatter %g", of.scatter);
    ok(near(of.medians.most, 100), "medians: %g apart", of.medians.most);

    float larger[12];
    for (int i = 0; i < 12; i++)
        larger[i] = 3 * z[i];
    s.z = larger;
    space_classes(&s, &scaled, &e);
    ok(near(scaled.means.mean, 9 * of.means.mean) &&
           near(scaled.means.mean / scaled.radius, of.means.mean / of.radius) &&
           near(scaled.scatter, of.scatter),
       "by the radius no scale changes them: %g, %g", scaled.means.mean / scaled.radius,
       of.means.mean / of.radius);
    /* An outlier moves the mean of a class of three, not the median. */
    z[4] = 200;
    s.z = z;
    space_classes(&s, &scaled, &e);
    z[4] = 2;
    ok(near(scaled.medians.most, 100) && scaled.means.most > 3000, "medians hold: %g, means %g",
       scaled.medians.most, scaled.means.most);
}

static void silhouettes(void)
{
    const struct space s = {5, 2, 2, z, label}, one = {3, 2, 1, z, label},
                       all = {6, 2, 3, z, label};
    double value[6];
    struct error e = {""};
    ok(!space_silhouette(&s, value, &e), "silhouettes %s", e.text);
    /* of 0: 1.5 from its own, 11 from the others */
    ok(near(value[0], 9.5 / 11) && near(value[1], 9. / 10) && near(value[3], 7. / 9),
       "on a line: %g, %g, %g", value[0], value[1], value[3]);
    space_silhouette(&all, value, &e);
    ok(value[5] == 0, "alone in its class: %g", value[5]);
    space_silhouette(&one, value, &e);
    ok(isnan(value[0]), "one class has none: %g", value[0]);
}

static void purity(void)
{
    const struct space s = {4, 1, 2, z, (const int64_t[]){0, 0, 1, 1}};
    const uint32_t index[] = {1, 2, 2, 0, 3, 1, 2, 0};
    double value[4];
    space_purity(&s, index, 2, 1, value);
    ok(value[0] == 1 && value[1] == 0 && value[2] == 1 && value[3] == 1, "of the nearest");
    space_purity(&s, index, 2, 2, value);
    ok(value[0] == 0.5 && value[1] == 0.5 && value[2] == 0.5 && value[3] == 0.5, "of the two");
}

static void hubs(void)
{
    uint32_t count[20] = {0};
    struct space_hubs of;
    struct error e = {""};
    for (int i = 0; i < 12; i++)
        count[i] = 1;
    count[3] = 9;
    ok(!space_hubs(count, 20, &of, &e), "hubs %s", e.text);
    ok(of.answers == 20 && of.distinct == 12 && of.largest == 9 && near(of.top_ten, 18. / 20),
       "%g answers, %g of them others; the largest %g, the first ten %g", of.answers, of.distinct,
       of.largest, of.top_ten);
    /* mean 1: one is 8 above, 8 are 1 below */
    ok(near(of.skewness, (512. - 8) / 20 / pow(72. / 20, 1.5)), "skewness %g", of.skewness);
    for (int i = 0; i < 20; i++)
        count[i] = 2;
    space_hubs(count, 20, &of, &e);
    ok(isnan(of.skewness), "all alike: no skewness");
}

int main(void)
{
    centres();
    silhouettes();
    purity();
    hubs();
    return tap_done();
}
