/* The engine's hottest steps by hand in C, on the engine's own memory: the reference limit.

   Draws, orders, small investment, employment, production, incomes and construction as docs/odd.md 7
   describes them, from the opening on. "world.h" is written from the numpy layout, so that it cannot go out of step.
   Sums are taken in the engine's order; exponential and logarithm are the C library's. */

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif
#include <math.h>
#include <stdlib.h>

#include "world.h"

enum { APPROVAL = 1, LAND, CLOSING, BUILDING, DONE, DROPPED, ABANDONED };
enum { INDUSTRIAL, INFRASTRUCTURE, LOGISTICS };
enum { OPEN = 2, TRAIT = 3, STALL = 6, MARKET = 17, NEW = 2, HIRES_AHEAD = 2, CLASSES = 64 };

#define WAN 1e-4 /* 10,000 yuan in 100 million */
#define UNIT 2.3283064365386963e-10

static uint64_t word_0[FIRMS], word_1[FIRMS];
static double chance[FIRMS], far[FIRMS], scale[FIRMS], factor[FIRMS];
static double over[FIRMS], room[FIRMS], made_by[FIRMS], missed[FIRMS], unmanned[FIRMS];
static int32_t rows[FIRMS > PROJECTS ? FIRMS : PROJECTS];
static int64_t keys[PROJECTS];

/* Philox4x32-10 of Salmon et al. (2011), each word in 64 bits. */
#define MASK 0xFFFFFFFFu
static inline void philox(uint64_t c[4], uint64_t k0, uint64_t k1) {
  for (int n = 0; n < 10; n++) {
    const uint64_t p0 = (c[0] & MASK) * 0xD2511F53u, p1 = (c[2] & MASK) * 0xCD9E8D57u;
    c[0] = (p1 >> 32) ^ c[1] ^ k0;
    c[2] = (p0 >> 32) ^ c[3] ^ k1;
    c[1] = p1 & MASK;
    c[3] = p0 & MASK;
    k0 = (k0 + 0x9E3779B9u) & MASK;
    k1 = (k1 + 0xBB67AE85u) & MASK;
  }
}

/* Several counters at once. The multiplication reads the low half of each lane only, so that what
   stands in the high half needs no mask before the end. */
#if defined(__AVX512F__)
typedef __m512i Lanes;
#define MULTIPLY _mm512_mul_epu32
#define XOR _mm512_xor_si512
#define AND _mm512_and_si512
#define ADD _mm512_add_epi64
#define HIGH(x) _mm512_srli_epi64(x, 32)
#define ALL(x) _mm512_set1_epi64((long long)(x))
#define LOAD(x) _mm512_loadu_si512((const void *)(x))
#define STORE(to, x) _mm512_storeu_si512((void *)(to), x)
#elif defined(__AVX2__)
typedef __m256i Lanes;
#define MULTIPLY _mm256_mul_epu32
#define XOR _mm256_xor_si256
#define AND _mm256_and_si256
#define ADD _mm256_add_epi64
#define HIGH(x) _mm256_srli_epi64(x, 32)
#define ALL(x) _mm256_set1_epi64x((long long)(x))
#define LOAD(x) _mm256_loadu_si256((const __m256i *)(x))
#define STORE(to, x) _mm256_storeu_si256((__m256i *)(to), x)
#endif

static void draws(World *restrict w) {
  const World_city *c = &w->city;
  const uint64_t low = (uint64_t)c->seed & MASK, high = (uint64_t)c->seed >> 32;
  const uint64_t month = (uint64_t)c->t, replicate = (uint64_t)c->replicate & MASK;
  const uint64_t salt = (uint64_t)c->salt;
  const int firms = (int)c->firms;
  const int64_t *restrict id = w->firm.id, *restrict stream = w->firm.stream;
  int i = 0;
#ifdef MULTIPLY
  enum { WIDTH = sizeof(Lanes) / 8 };
  for (; i + WIDTH <= firms; i += WIDTH) {
    Lanes c0 = LOAD(id + i), c1 = ALL(month), c2 = ALL(replicate);
    Lanes c3 = ADD(LOAD(stream + i), ALL(salt));
    uint64_t k0 = low, k1 = high;
    for (int n = 0; n < 10; n++) {
      const Lanes p0 = MULTIPLY(c0, ALL(0xD2511F53u)), p1 = MULTIPLY(c2, ALL(0xCD9E8D57u));
      c0 = XOR(XOR(HIGH(p1), c1), ALL(k0));
      c2 = XOR(XOR(HIGH(p0), c3), ALL(k1));
      c1 = p1;
      c3 = p0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    STORE(word_0 + i, AND(c0, ALL(MASK)));
    STORE(word_1 + i, AND(c1, ALL(MASK)));
  }
#endif
  for (; i < firms; i++) {
    uint64_t x[4] = {(uint64_t)id[i] & MASK, month, replicate, ((uint64_t)stream[i] + salt) & MASK};
    philox(x, low, high);
    word_0[i] = x[0];
    word_1[i] = x[1];
  }
}

static inline double unit(uint64_t word) { return ((double)(int64_t)word + 0.5) * UNIT; }

/* The first two uniforms at an address. */
static void address(const World_city *c, int64_t purpose, int64_t entity, int64_t month,
                    int64_t block, double u[2]) {
  uint64_t x[4] = {(uint64_t)entity & MASK, (uint64_t)month, (uint64_t)c->replicate & MASK,
                   (uint64_t)(purpose + c->salt + (block << 20)) & MASK};
  philox(x, (uint64_t)c->seed & MASK, (uint64_t)c->seed >> 32);
  u[0] = unit(x[0]);
  u[1] = unit(x[1]);
}

static void orders(World *restrict w, const Inputs *restrict p) {
  World_city *c = &w->city;
  World_firm *restrict f = &w->firm;
  World_sector *restrict sector = &w->sector;
  World_zone *restrict zone = &w->zone;
  const int firms = (int)c->firms, sectors = (int)c->sectors, zones = (int)c->zones;
  const int m = (int)(c->t - p->demand_start), k = (int)c->calendar_month + 1;
  const int uneven = p->size_variance_exponent > 0.0;
  double before[SECTORS] = {0}, after[SECTORS] = {0}, above[SECTORS] = {0}, slack[SECTORS] = {0};
  double use[SECTORS], taken[SECTORS];

  c->market_step = 0.0;
  if (p->errorless == 0) {
    double u[2];
    address(c, MARKET, 0, c->t, 0, u);
    const double x = sqrt(-2.0 * log(u[0])) * cos(6.283185307179586 * u[1]);
    c->market_step = p->market_sd / sqrt(650.0 / 144.0) * x;
  }
  c->market += c->market_step;
  double grows = 0.0;
  for (int n = m - 11; n <= m; n++) grows += p->value_added_central[n] / 12.0;
  const double times = p->yield_cycle * log(fmax(0.02, grows) / p->growth_normal) + c->market;
  for (int s = 0; s < sectors; s++) {
    double asked = p->utilisation_normal * exp(p->demand_pass_through * sector->gap[s][m] + times);
    use[s] = asked < 1.0 ? asked : 1.0;
  }
  for (int z = 0; z < zones; z++) zone->spill[z] = 0.0;
  draws(w);

  /* Who moves, then how far: the second loop is elementary functions only and can be vectorised. */
  int moved = 0;
  for (int i = 0; i < firms; i++) {
    const int grown = f->ramping[i] == 0;
    before[f->sector[i]] += grown ? f->b[i] : 0.0;
    rows[moved] = i;
    moved += grown & (uneven | (unit(word_0[i]) * k < 1.0));
  }
  const double root = sqrt(k / 12.0);
  for (int n = 0; n < moved; n++) {
    chance[n] = unit(word_0[rows[n]]) * k;
    far[n] = unit(word_1[rows[n]]);
    scale[n] = f->a[rows[n]];
  }
  for (int n = 0; n < moved; n++) {
    const double v = far[n], a = scale[n], size = chance[n] < 1.0 ? a * root : 0.0;
    const double x = log(2.0 * (v < 0.5 ? v : 1.0 - v));
    const double mean = (1.0 - a * a * (k - 1) / 12.0) / (1.0 - a * a * k / 12.0);
    factor[n] = exp(size * (v < 0.5 ? x : -x)) / (uneven ? mean : 1.0);
  }
  for (int n = 0; n < moved; n++) {
    const int i = rows[n];
    const double old = f->b[i];
    f->b[i] = old * factor[n];
    after[f->sector[i]] += f->b[i] - old;
  }
  for (int s = 0; s < sectors; s++) {
    const double total = before[s] + after[s];
    if (total > 0.0) after[s] = exp(sector->growth[s][m] + c->market_step) * before[s] / total;
  }

  const double start = p->ramp_start, rise = 1.0 - p->ramp_start, months = p->ramp_months;
  for (int i = 0; i < firms; i++) {
    const int s = (int)f->sector[i];
    const double full = f->kappa[i] * f->K[i];
    if (f->ramping[i]) {
      double ramp = start + rise * (double)(c->t - f->born[i]) / months;
      double later = start + rise * (double)(c->t - f->born[i] + HIRES_AHEAD) / months;
      f->b[i] = use[s] * full * (ramp < 1.0 ? ramp : 1.0);
      f->smooth[i] = use[s] * full * (later < 1.0 ? later : 1.0);
      over[i] = room[i] = 0.0;
    } else {
      const double asked = f->b[i] * after[s];
      over[i] = asked > full ? asked - full : 0.0;
      room[i] = full > asked ? full - asked : 0.0;
      f->b[i] = asked > full ? full : asked;
    }
  }
  for (int i = 0; i < firms; i++) {
    above[f->sector[i]] += over[i];
    slack[f->sector[i]] += room[i];
    zone->spill[f->zone[i]] += over[i];
    f->over[i] = over[i];
  }

  double cut = 0.0, lost = 0.0;
  for (int s = 0; s < sectors; s++) {
    const double wanted = p->lost_order_recapture * above[s];
    const double met = wanted < slack[s] ? wanted : slack[s];
    taken[s] = slack[s] > 0.0 ? met / slack[s] : 0.0;
    cut += above[s];
    lost += above[s] - met;
  }
  if (cut > 0.0) {
    for (int i = 0; i < firms; i++) f->b[i] += taken[f->sector[i]] * room[i];
    for (int z = 0; z < zones; z++) zone->lost_rate[z] += lost / cut * zone->spill[z];
  }
  for (int i = 0; i < firms; i++) {
    const double smooth = f->smooth[i] + (f->b[i] - f->smooth[i]) * (1.0 / 3.0);
    f->smooth[i] = f->ramping[i] == 0 ? smooth : f->smooth[i];
    f->ramping[i] = (double)(c->t - f->born[i]) >= months ? 0 : f->ramping[i];
  }
}

static void small_lump(World *restrict w, const Inputs *restrict p) {
  World_city *c = &w->city;
  World_firm *restrict f = &w->firm;
  World_zone *restrict zone = &w->zone;
  const int firms = (int)c->firms, zones = (int)c->zones;
  const double decay = p->depreciation / 12.0, threshold = p->expansion_threshold;
  const double years = (double)(c->year - p->base_year);
  const double since = (double)(c->t - (12 * p->base_year + 6)) + 0.5;
  const double normal = log(1.0 + p->investment_normal) * (since / 12.0);
  const double tide = exp(p->climate_elasticity * (p->nation[c->t - p->pipeline_start] - normal));
  const double lump = c->lump_base * pow(1.0 + p->small_lump_growth, years) *
                      (tide * p->fai_season[c->calendar_month] / 12.0);
  double private = lump - p->absent.platform_financing / 12.0 * (double)c->zones;
  private = private < 0.0 ? 0.0 : private;
  c->lump_private = private;
  const double equipment = private < c->tenant_bill ? private : c->tenant_bill;
  c->tenant_bill -= equipment;

  double capital = 0.0, eager = 0.0;
  for (int i = 0; i < firms; i++) {
    capital += f->K[i];
    eager += f->ramping[i] == 0 && f->use[i] > threshold ? f->K[i] : 0.0;
  }
  const double worn = capital * decay, left = private - equipment;
  const double replaced = left < worn ? left : worn, rest = left - replaced;
  double idle = eager > 0.0 ? equipment : equipment + rest;
  if (capital <= 0.0) {
    idle = private;
    for (int z = 0; z < zones; z++) zone->fai_small[z] += private / (double)c->zones;
  }
  const double replacing = capital > 0.0 ? replaced / capital : 0.0;
  const double growing = eager > 0.0 ? rest / eager : 0.0;
  const double booked = capital > 0.0 ? idle / capital : 0.0;
  const double per_capital = p->expansion_share / p->revenue_per_capital;
  double own = 0.0;
  double *restrict invested = made_by;
  for (int i = 0; i < firms; i++) {
    const double K = f->K[i];
    const double more = f->ramping[i] == 0 && f->use[i] > threshold ? growing * K : 0.0;
    double extra = per_capital * f->over[i];
    extra = f->cash[i] < extra ? f->cash[i] : extra;
    extra = extra < 0.0 ? 0.0 : extra;
    own += extra;
    const double add = replacing * K + more + extra;
    f->added[i] = add;
    f->worn[i] = decay * K;
    f->K[i] = K + add - decay * K;
    invested[i] = add + booked * K;
  }
  for (int i = 0; i < firms; i++) zone->fai_small[f->zone[i]] += invested[i];
  c->capital_added += private - idle + own;
  c->capital_lost += worn;
  for (int z = 0; z < zones; z++) {
    zone->outside_capital[z] += p->outside_share * zone->fai_small[z];
    zone->fai_small[z] += zone->base_spent[z];
    zone->fai[z] += zone->fai_small[z] + zone->fai_extra[z];
  }
}

static void produce(World *restrict w, const Inputs *restrict p) {
  World_city *c = &w->city;
  World_firm *restrict f = &w->firm;
  World_zone *restrict zone = &w->zone;
  const int firms = (int)c->firms, zones = (int)c->zones;
  const double season = p->revenue_season[c->calendar_month], month = season / 12.0;
  const double start = p->ramp_start, rise = (1.0 - p->ramp_start) / p->ramp_months;
  const double share = p->skilled_share_jobs, lack = 1.0 - p->unskilled_output;
  const double cap = p->effort_cap * season;

  for (int i = 0; i < firms; i++) {
    const double ordered = f->b[i] * month;
    double ramp = start + rise * (double)(c->t - f->born[i]);
    ramp = ramp > 1.0 || f->ramping[i] == 0 ? 1.0 : ramp;
    const double full = f->kappa[i] * f->K[i] * ramp * month;
    const double workers = f->skilled[i] + f->unskilled[i];
    double makeshift = workers * share - f->skilled[i];
    makeshift = makeshift < 0.0 ? 0.0 : makeshift;
    const double effort = cap * f->alpha[i] * WAN * (workers - makeshift * lack);
    double made = full < ordered ? full : ordered;
    missed[i] = ordered - made;
    unmanned[i] = effort < made ? made - effort : 0.0;
    made = effort < made ? effort : made;
    const double change = 0.25 * (made / (full > 0.0 ? full : 1.0) - f->use[i]);
    f->use[i] += full > 0.0 ? change : 0.0;
    made_by[i] = f->alive[i] ? made : 0.0;
  }
  double(*by_group)[ZONES] = (double(*)[ZONES])zone->revenue_incumbents;
  for (int i = 0; i < firms; i++) {
    if (!f->alive[i]) continue;
    const int z = (int)f->zone[i], g = (int)f->group[i];
    const double made = made_by[i];
    f->sales[i] = made;
    f->sales_year[i] += made;
    zone->lost_capacity[z] += missed[i];
    zone->lost_labour[z] += unmanned[i];
    w->tally.sales[z][f->sector[i]] += made;
    by_group[g > NEW ? NEW : g][z] += made;
  }
  for (int z = 0; z < zones; z++) {
    zone->revenue[z] = by_group[0][z] + by_group[1][z] + by_group[NEW][z];
    zone->lost_capacity[z] += zone->lost_rate[z] * month;
    zone->wished[z] = zone->revenue[z] + zone->lost_capacity[z] + zone->lost_labour[z];
  }

  const World_project *j = &w->project;
  for (int n = 0; n < c->late; n++) {
    const int r = (int)j->late[n];
    const double age = (double)(int64_t)(j->tau_free[r] - j->duration[r]);
    double ramp = start + (1.0 - start) * age / p->ramp_months;
    ramp = ramp < 1.0 ? ramp : 1.0;
    const double sold = j->rho[r] * j->realised[r] * j->budget[r] * c->yield_now;
    zone->lost_finance[j->zone[r]] += sold * ramp * month;
  }
}

static inline double curve(const Inputs *p, double x) {
  return x + p->scurve_c * (x * x - x) - (6.0 * x * x * x - 9.0 * x * x + 3.0 * x) / p->scurve_k;
}

static double progress_at(const Inputs *p, double share, double x) {
  double low = 0.0, high = 1.0;
  for (int n = 0; n < 60; n++) {
    const double miss = curve(p, x) - share;
    if (miss < 0.0) low = x; else high = x;
    const double slope =
        1.0 + p->scurve_c * (2.0 * x - 1.0) - (18.0 * x * x - 18.0 * x + 3.0) / p->scurve_k;
    const double step = miss / slope;
    if (fabs(step) <= 1e-8) return x - step; /* what is left is of the order of its square */
    x -= step;
    if (!(low < x && x < high)) x = 0.5 * (low + high);
  }
  return x;
}

static void plan(World *restrict w, const Inputs *restrict p, int sites) {
  World_city *c = &w->city;
  World_project *restrict j = &w->project;
  const double pace = c->pace * p->fai_season[c->calendar_month], slow_pace = pace * p->stall_pace;
  const double hazard = p->stall_hazard * (1.0 - w->now.stall_cut_service);
  const double smooth = -log(1.0 - hazard);
  const double coordinated = -log(1.0 - hazard * (1.0 - w->now.stall_cut_major));
  for (int n = 0; n < sites; n++) {
    const int r = rows[n];
    const double budget = j->budget[r], duration = j->duration[r], before = j->spent[r];
    int slow = j->stalled[r] > 0;
    if (!slow) {
      j->stall_clock[r] += j->raw[r] >= p->coordination_threshold ? coordinated : smooth;
      if (j->stall_clock[r] > j->stall_at[r]) {
        slow = 1;
        j->stalls[r] += 1;
        j->stalled[r] = (int64_t)(p->stall_months + 0.5);
        j->stall_clock[r] = 0.0;
        uint64_t x[4] = {(uint64_t)j->id[r] & MASK, (uint64_t)j->arrived[r],
                         (uint64_t)c->replicate & MASK,
                         (uint64_t)(STALL + c->salt + (j->stalls[r] << 20)) & MASK};
        philox(x, (uint64_t)c->seed & MASK, (uint64_t)c->seed >> 32);
        j->stall_at[r] = -log(unit(x[0]));
      }
    }
    j->stalled[r] -= slow;
    const double speed = slow ? slow_pace : pace;
    double reach = j->tau[r] + speed;
    reach = duration < reach ? duration : reach;
    double wish = budget * curve(p, reach / duration) - before;
    wish = wish < 0.0 ? 0.0 : wish;
    if (slow) {
      double full = j->tau[r] + pace;
      full = duration < full ? duration : full;
      const double lost = budget * curve(p, full / duration) - before - wish;
      w->zone.short_stall[j->zone[r]] += lost > 0.0 ? lost : 0.0;
    }
    if (j->land[r] < j->need[r]) {
      double cap = budget * j->land[r] / j->need[r] - before;
      cap = cap < 0.0 ? 0.0 : cap;
      if (cap < wish) {
        w->zone.short_land[j->zone[r]] += wish - cap;
        wish = cap;
        reach = -1.0;
      }
    }
    j->wish[r] = wish;
    j->reach[r] = reach;
    j->ahead[r] = speed;
    const double paid = before + wish;
    double wanted = j->bank[r] * paid - (j->loan[r] + j->grant[r]);
    const double site = j->need[r] > 0.0 ? j->land[r] : j->floor[r] > 0.0 ? 0.0 : j->plot[r];
    const double value = p->land_price * site * WAN;
    const double free =
        p->loan_to_value * (value + p->collateral_haircut * paid) - j->loan[r];
    wanted = free < wanted ? free : wanted;
    j->draw[r] = wanted > 0.0 ? wanted : 0.0;
  }
}

static int ascending(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void lend(World *restrict w, const Inputs *restrict p, int sites) {
  World_city *c = &w->city;
  World_project *restrict j = &w->project;
  double wanted = 0.0, leading = 0.0;
  for (int n = 0; n < sites; n++) {
    const double draw = j->draw[rows[n]];
    wanted += draw;
    leading += j->leads[rows[n]] == 1 ? draw : 0.0;
  }
  if (c->grant_left > 0.0 && leading > 0.0) {
    double part = c->grant_left / leading;
    part = part > 1.0 ? 1.0 : part;
    for (int n = 0; n < sites; n++) {
      const int r = rows[n];
      if (j->leads[r] != 1) continue;
      const double given = part * j->draw[r];
      j->grant[r] += given;
      j->draw[r] -= given;
    }
    c->grant_left -= part * leading;
    wanted -= part * leading;
  }
  const double available = c->limit + c->unused;
  double granted = wanted;
  if (wanted > available && !(p->free_credit == 1 && c->policy == 1)) {
    /* Classes of progress are served whole; only the one in which the money ends is sorted. */
    double by_class[CLASSES] = {0}, left = available;
    for (int n = 0; n < sites; n++) {
      const int r = rows[n];
      const int64_t behind = (int64_t)((1.0 - j->tau[r] / j->duration[r]) * 1048575.0);
      keys[n] = (behind << 40) | (j->started[r] << 20) | r;
      by_class[behind >> 14] += j->draw[r];
    }
    int last = 0, count = 0;
    while (last < CLASSES && by_class[last] <= left) left -= by_class[last++];
    for (int n = 0; n < sites; n++) {
      const int64_t at = keys[n] >> 54;
      if (at > last) j->draw[rows[n]] = 0.0;
      if (at == last) keys[count++] = keys[n];
    }
    qsort(keys, (size_t)count, sizeof keys[0], ascending);
    for (int n = 0; n < count; n++) {
      const int r = (int)(keys[n] & 0xFFFFF);
      if (j->draw[r] > left) j->draw[r] = left;
      left -= j->draw[r];
    }
    granted = available - left;
  }
  c->unused = available > granted ? available - granted : 0.0;
  c->drawn_year += granted;
  c->loans += granted;
  c->loans_drawn += granted;
}

static void give_back(World *restrict w, int r) {
  World_project *restrict j = &w->project;
  World_zone *restrict zone = &w->zone;
  const int z = (int)j->zone[r];
  const double back = j->land[r], area = j->floor[r];
  j->land[r] = j->need[r] = j->floor[r] = 0.0;
  zone->land[z] += back;
  zone->granted[z] -= back;
  zone->land_returned[z] += back;
  zone->vacant[z] += area;
  zone->floor_released[z] += area;
}

static void abandon(World *restrict w, int r) {
  World_city *c = &w->city;
  World_project *restrict j = &w->project;
  j->state[r] = ABANDONED;
  j->ended[r] = c->t;
  c->cip -= j->spent[r];
  c->written_off += j->spent[r];
  c->loans -= j->loan[r];
  c->loans_lost += j->loan[r];
  j->loan[r] = 0.0;
  give_back(w, r);
}

static void bear_gap(World *restrict w, const Inputs *restrict p, int r) {
  World_project *restrict j = &w->project;
  World_zone *restrict zone = &w->zone;
  const int z = (int)j->zone[r];
  const double budget = j->budget[r], lent = (j->loan[r] + j->grant[r]) / budget;
  j->gap[r] += 1;
  if ((double)j->gap[r] <= p->gap_wait) return;
  double u[2];
  address(&w->city, TRAIT, j->id[r], j->arrived[r], 5, u);
  if (u[0] < p->topup_share) {
    const double less = j->bank[r] - p->own_money_raise, share = less < lent ? lent : less;
    zone->topups[z] += (j->bank[r] - share) * budget;
    j->bank[r] = share;
  } else if ((double)j->gap[r] > p->gap_drop) {
    if (u[1] < p->handover_share) {
      zone->handovers[z] += 1.0;
      j->bank[r] = lent;
      j->gap[r] = 0;
    } else {
      zone->abandoned_gap[z] += 1.0;
      abandon(w, r);
    }
  }
}

static void spend(World *restrict w, const Inputs *restrict p, int sites) {
  World_city *c = &w->city;
  World_project *restrict j = &w->project;
  World_zone *restrict zone = &w->zone;
  double(*by_kind)[ZONES] = (double(*)[ZONES])zone->fai_industrial;
  double(*by_age)[ZONES] = (double(*)[ZONES])zone->fai_carried;
  double built = 0.0, largest = c->largest;
  for (int n = 0; n < sites; n++) {
    const int r = rows[n], z = (int)j->zone[r];
    const double budget = j->budget[r], wish = j->wish[r], before = j->spent[r];
    const double loan = j->loan[r] + j->draw[r], duration = j->duration[r];
    j->loan[r] = loan;
    zone->loans_drawn[z] += j->draw[r];
    double paid = (1.0 - j->bank[r]) * budget + loan + j->grant[r] - before;
    paid = wish <= paid + 1e-12 * budget ? wish : paid;
    paid = paid < 0.0 ? 0.0 : paid;
    double spent = before + paid, tau = j->reach[r];
    if (paid >= wish && tau >= 0.0) {
      j->tau_free[r] += j->ahead[r];
    } else {
      const double old = j->tau[r], part = spent / budget;
      zone->short_bank[z] += wish - paid;
      tau = paid > 0.0 ? duration * progress_at(p, part < 1.0 ? part : 1.0, old / duration) : old;
      j->tau_free[r] += j->reach[r] >= 0.0 ? j->ahead[r] : tau - old;
    }
    j->tau[r] = tau;
    const double progress = tau / duration;
    spent = progress >= 1.0 ? budget : spent;
    j->spent[r] = spent;
    j->spent_year[r] += paid;
    largest = j->spent_year[r] > largest ? j->spent_year[r] : largest;
    built += paid;
    by_kind[j->kind[r] != INDUSTRIAL][z] += paid;
    by_age[j->started[r] >= 12 * c->year][z] += paid;
    zone->outside_capital[z] += paid * j->outside[r];
    const int large = j->raw[r] >= p->large_threshold;
    if (j->fails[r] == 1 && progress >= j->fail_at[r]) {
      abandon(w, r);
    } else if (progress >= 1.0) {
      j->state[r] = DONE;
      j->ended[r] = c->t;
      c->cip -= spent;
      c->capitalised += spent;
      j->finished[c->finished++] = r;
      zone->completions[z] += 1.0;
    } else {
      if (paid < wish - 1e-9 * budget) bear_gap(w, p, r);
      else if (j->reach[r] >= 0.0) j->gap[r] = 0;
      if (j->state[r] != BUILDING) continue;
      zone->building[z] += 1.0;
      zone->building_large[z] += large;
      j->late[c->late] = r;
      c->late += (j->tau_free[r] >= j->duration[r]) & (j->kind[r] == INDUSTRIAL);
    }
  }
  c->cip += built;
  c->largest = largest;
}

static void construct(World *restrict w, const Inputs *restrict p) {
  World_zone *restrict zone = &w->zone;
  const World_project *restrict j = &w->project;
  int sites = 0;
  w->city.late = 0;
  for (int z = 0; z < w->city.zones; z++) zone->building[z] = zone->building_large[z] = 0.0;
  for (int n = 0; n < w->city.live; n++) {
    rows[sites] = (int32_t)j->live[n];
    sites += j->state[j->live[n]] == BUILDING;
  }
  if (w->city.calendar_month == 0)
    for (int n = 0; n < sites; n++) {
      const int r = rows[n], z = (int)j->zone[r];
      if (j->raw[r] >= p->large_threshold) zone->large_year[z] = 1.0;
      if (j->raw[r] >= p->coordination_threshold) zone->major_year[z] = 1.0;
    }
  plan(w, p, sites);
  lend(w, p, sites);
  spend(w, p, sites);
  for (int z = 0; z < w->city.zones; z++)
    zone->fai[z] += zone->fai_industrial[z] + zone->fai_infrastructure[z];
}

static double matches(const Inputs *p, double vacancies, double seekers) {
  if (vacancies <= 0.0 || seekers <= 0.0) return 0.0;
  const double e = p->matching_elasticity, most = vacancies < seekers ? vacancies : seekers;
  const double met = p->matching_level * exp(e * log(seekers) + (1.0 - e) * log(vacancies));
  return met < most ? met : most;
}

static void meet(World *restrict w, const Inputs *restrict p) {
  World_city *c = &w->city;
  World_zone *restrict zone = &w->zone;
  const int zones = (int)c->zones;
  double *restrict vs = zone->vacancies_s, *restrict vu = zone->vacancies_u;
  double *restrict fs = zone->fill_s, *restrict fu = zone->fill_u;
  double *restrict fx = zone->fill_x, *restrict fy = zone->fill_y;
  double *restrict skilled = zone->skilled, *restrict others = zone->unskilled;
  for (int z = 0; z < zones; z++) {
    zone->posts[z] = vs[z] + vu[z];
    zone->seeking[z] = skilled[z] + others[z];
  }
  if (p->free_labour == 1 && c->policy == 1) {
    for (int z = 0; z < zones; z++) {
      c->labour_entered += vs[z] + vu[z];
      fs[z] = fu[z] = 1.0;
      fx[z] = fy[z] = 0.0;
      zone->pay[z] = 1.0;
    }
    return;
  }
  const double sum = p->commuting_leak + w->now.commuting_bonus, leak = sum < 1.0 ? sum : 1.0;
  double vacant = 0.0, pool = 0.0;
  for (int z = 0; z < zones; z++) {
    fs[z] = matches(p, vs[z], skilled[z]);
    skilled[z] -= fs[z];
    vacant += vs[z] - fs[z];
    pool += leak * skilled[z];
  }
  double met = matches(p, vacant, pool);
  for (int z = 0; z < zones && met > 0.0; z++) {
    fs[z] += met * (vs[z] - fs[z]) / vacant;
    skilled[z] -= met * leak * skilled[z] / pool;
  }
  vacant = pool = 0.0;
  for (int z = 0; z < zones; z++) {
    const double here = others[z] + skilled[z], hired = matches(p, vu[z], here);
    fu[z] = hired * (here > 0.0 ? others[z] / here : 0.0);
    fy[z] = hired - fu[z];
    others[z] -= fu[z];
    skilled[z] -= fy[z];
    vacant += vu[z] - hired;
    pool += leak * (others[z] + skilled[z]);
  }
  met = matches(p, vacant, pool);
  double unskilled = 0.0;
  for (int z = 0; z < zones; z++) unskilled += leak * others[z];
  const double share = pool > 0.0 ? unskilled / pool : 0.0;
  for (int z = 0; z < zones; z++) {
    if (met > 0.0) {
      const double more = met * (vu[z] - fu[z] - fy[z]) / vacant;
      fu[z] += more * share;
      fy[z] += more * (1.0 - share);
      others[z] -= met * leak * others[z] / pool;
      skilled[z] -= met * leak * skilled[z] / pool;
    }
    const double rest = vs[z] - fs[z], makeshift = matches(p, rest, others[z]);
    others[z] -= makeshift;
    fx[z] = rest > 0.0 ? makeshift / rest : 0.0;
    if (vs[z] > 0.0) fs[z] /= vs[z];
    if (vu[z] > 0.0) {
      fu[z] /= vu[z];
      fy[z] /= vu[z];
    }
  }
}

static void employ(World *restrict w, const Inputs *restrict p) {
  const World_city *c = &w->city;
  World_firm *restrict f = &w->firm;
  World_zone *restrict zone = &w->zone;
  const int firms = (int)c->firms, zones = (int)c->zones;
  const double drift = exp(log(1.0 + p->productivity_growth) / 12.0);
  const double leave = p->separation - w->now.worker_retention / 12.0;
  static const double seasons[12] = {2.2, 2.0, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78, 0.78};
  const double usual = leave < 0.0 ? 0.0 : leave * seasons[c->calendar_month];
  const double quits = usual > 1.0 ? 1.0 : usual, share = p->skilled_share_jobs;
  static double asked[FIRMS], gone_s[FIRMS], gone_u[FIRMS];
  for (int z = 0; z < zones; z++)
    zone->vacancies_s[z] = zone->vacancies_u[z] = zone->workers_wanted[z] = zone->left_s[z] =
        zone->left_u[z] = 0.0;
  for (int i = 0; i < firms; i++) {
    const double wanted = f->smooth[i] / (f->alpha[i] * (12.0 * WAN));
    double skilled = f->skilled[i], others = f->unskilled[i];
    double out_s = skilled * quits, out_u = others * quits;
    const double over = skilled - out_s + others - out_u - wanted, rest = others - out_u;
    double cut = rest < over ? rest : over;
    cut = over > 0.0 ? cut : 0.0;
    out_u += cut;
    out_s += over > 0.0 ? over - cut : 0.0;
    skilled -= out_s;
    others -= out_u;
    double total = wanted - skilled - others;
    total = total < 0.0 ? 0.0 : total;
    double missing = wanted * share - skilled;
    missing = missing < 0.0 ? 0.0 : missing;
    missing = total < missing ? total : missing;
    f->skilled[i] = skilled;
    f->unskilled[i] = others;
    f->short_s[i] = missing;
    f->short_u[i] = total - missing;
    asked[i] = wanted;
    gone_s[i] = out_s;
    gone_u[i] = out_u;
  }
  for (int i = 0; i < firms; i++) {
    const int z = (int)f->zone[i];
    zone->workers_wanted[z] += asked[i];
    zone->left_s[z] += gone_s[i];
    zone->left_u[z] += gone_u[i];
    zone->vacancies_s[z] += f->short_s[i];
    zone->vacancies_u[z] += f->short_u[i];
  }
  for (int z = 0; z < zones; z++) {
    zone->skilled[z] += p->stay_share * zone->left_s[z];
    zone->unskilled[z] += p->stay_share * zone->left_u[z];
    zone->outside[z] += (1.0 - p->stay_share) * (zone->left_s[z] + zone->left_u[z]);
    zone->separations[z] += zone->left_s[z] + zone->left_u[z];
  }
  meet(w, p);
  for (int i = 0; i < firms; i++) {
    const int z = (int)f->zone[i];
    const double hired_s = f->short_s[i] * zone->fill_s[z];
    const double makeshift = (f->short_s[i] - hired_s) * zone->fill_x[z];
    const double hired_u = f->short_u[i] * zone->fill_u[z];
    const double below = f->short_u[i] * zone->fill_y[z];
    f->skilled[i] += hired_s + below;
    f->unskilled[i] += hired_u + makeshift;
  }
  for (int i = 0; i < firms; i++) f->alpha[i] *= (f->alive[i] == 1) & (f->ramping[i] == 0) ? drift : 1.0;
  for (int z = 0; z < zones; z++) {
    const double hired_s = zone->vacancies_s[z] * zone->fill_s[z];
    const double makeshift = (zone->vacancies_s[z] - hired_s) * zone->fill_x[z];
    const double hired_u = zone->vacancies_u[z] * zone->fill_u[z];
    const double below = zone->vacancies_u[z] * zone->fill_y[z];
    const double open_s = zone->vacancies_s[z] - hired_s - makeshift;
    const double open_u = zone->vacancies_u[z] - hired_u - below;
    zone->hires[z] = hired_s + makeshift + hired_u + below;
    zone->unfilled_skilled[z] = open_s > 0.0 ? open_s : 0.0;
    zone->unfilled_unskilled[z] = open_u > 0.0 ? open_u : 0.0;
    if (p->free_labour == 1 && c->policy == 1) continue;
    const double normal = p->normal_tightness, least = 0.05 * normal, most = 20.0 * normal;
    double ratio = zone->seeking[z] > 0.0 ? zone->posts[z] / zone->seeking[z] : most;
    ratio = ratio < least ? least : ratio > most ? most : ratio;
    zone->tightness[z] += (ratio - zone->tightness[z]) * (1.0 / 3.0);
    const double pay = exp(p->wage_curve * log(zone->tightness[z] / normal));
    zone->pay[z] = pay < 0.85 ? 0.85 : pay > 1.3 ? 1.3 : pay;
  }
}

static void account(World *restrict w, const Inputs *restrict p) {
  World_city *c = &w->city;
  World_firm *restrict f = &w->firm;
  World_zone *restrict zone = &w->zone;
  const int firms = (int)c->firms, zones = (int)c->zones;
  const double years = ((double)c->t + 0.5 - (double)(12 * p->base_year + 6)) / 12.0;
  const double pay = p->wage * exp(years * log(1.0 + p->wage_growth)) * p->labour_cost_factor;
  const double repay = p->repayment_quarter / 3.0, inputs = 1.0 - c->gross_margin;
  const double kept = 1.0 - inputs - p->surcharge_rate;
  const double cut = w->now.spread_cut, payout = p->payout_share;
  static double rate[FIRMS], paid[FIRMS], owed[FIRMS];
  double debts = 0.0;
  for (int z = 0; z < zones; z++) zone->workers[z] = zone->capital[z] = 0.0;
  for (int i = 0; i < firms; i++) rate[i] = pay / 1e8 * zone->pay[f->zone[i]];
  for (int i = 0; i < firms; i++) {
    const double worn = f->worn[i], debt = f->debt[i];
    const double interest = debt * (f->rate[i] - cut) * (1.0 / 1200.0);
    const double wages = (f->skilled[i] + f->unskilled[i]) * rate[i];
    const double profit = f->sales[i] * kept - wages - worn - interest;
    const double out = profit > 0.0 ? payout * profit : 0.0, repaid = debt * repay;
    f->cash[i] += profit + worn - out - repaid - f->added[i];
    f->debt[i] = debt - repaid;
    f->equity[i] += profit - out;
    paid[i] = interest;
    owed[i] = debt;
  }
  for (int i = 0; i < firms; i++) {
    const int z = (int)f->zone[i];
    debts += owed[i];
    zone->depreciation[z] += f->worn[i];
    zone->interest[z] += paid[i];
    zone->workers[z] += f->skilled[i] + f->unskilled[i];
    zone->capital[z] += f->K[i];
  }
  c->loans_repaid = repay * debts;
  c->loans -= c->loans_repaid;
  for (int z = 0; z < zones; z++) {
    zone->intermediate[z] = inputs * zone->revenue[z];
    zone->surcharges[z] = p->surcharge_rate * zone->revenue[z];
    zone->wages[z] = zone->workers[z] * pay / 1e8 * zone->pay[z];
    zone->profit[z] =
        kept * zone->revenue[z] - (zone->wages[z] + zone->depreciation[z] + zone->interest[z]);
    zone->profit_tax[z] = zone->profit[z] + zone->surcharges[z] + p->vat_rate * zone->revenue[z];
  }
}

/* Each world so many times in a row, as a run does month after month. */
#define REPEAT(step, call)                                                    \
  void repeat_##step(World *w, const Inputs *p, int64_t worlds, int64_t passes) { \
    for (int64_t n = 0; n < worlds; n++)                                      \
      for (int64_t k = 0; k < passes; k++) call;                              \
  }
REPEAT(draws, ((void)p, draws(w + n)))
REPEAT(orders, orders(w + n, p + n))
REPEAT(small_lump, small_lump(w + n, p + n))
REPEAT(produce, produce(w + n, p + n))
REPEAT(construct, construct(w + n, p + n))
REPEAT(employ, employ(w + n, p + n))
REPEAT(account, account(w + n, p + n))
