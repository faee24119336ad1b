# Pagetide. `make help` lists the targets.

MAKEFLAGS += --no-builtin-rules
FLAVOUR ?= release
B       := build/$(FLAVOUR)
CC      ?= gcc
VERSION := 0.1.0
PACKAGES := hiredis libcurl jansson libpq libevent libevent_pthreads libfyaml libssl libcrypto libxxhash zlib expat

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
        -Wundef -Wcast-qual -Wwrite-strings
ifneq ($(DEV)$(CI),)
WARN += -Werror
endif

OPT_release := -O2 -g -fno-asynchronous-unwind-tables # debuggers read .debug_frame
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
               -fno-omit-frame-pointer
OPT_tsan    := -O1 -g -fsanitize=thread
OPT_valgrind := -O1 -g
OPT_cover   := -O0 -g --coverage
OPT_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
               -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
               -fno-sanitize=pointer-overflow # NULL + 0, legal since C2y (WG14 N3322)

# Against wrong memory accesses; tools/check-hardening.sh finds them in the binary. Sanitizers
# bring checks of their own, and without optimisation _FORTIFY_SOURCE does nothing.
HARDEN    := -fPIE -fstack-protector-strong -fstack-clash-protection
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack
FORTIFY_release := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2

CPPFLAGS += $(FORTIFY_$(FLAVOUR)) -I. -Ilib -D_GNU_SOURCE -DPAGETIDE_VERSION='"$(VERSION)"' -include base/banned.h
CFLAGS   += -std=gnu17 $(WARN) $(HARDEN) $(OPT_$(FLAVOUR))
LDFLAGS  += $(HARDEN_LD) $(filter -fsanitize% --coverage,$(OPT_$(FLAVOUR)))
LDLIBS   += $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm
CPPFLAGS += $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null)

SOURCES  := $(sort $(wildcard lib/*/*.c lib/*/*/*.c config/*.c config/*/*.c schema/*.c worker/*.c worker/*/*.c scheduler/*.c web/*.c cli/*.c))
EMBEDDED := $(B)/gen/sql.c $(B)/gen/lua.c $(B)/gen/web.c $(B)/gen/catalogue.c
OBJECTS  := $(patsubst %.c,$(B)/%.o,$(filter-out cli/main.c,$(SOURCES))) $(EMBEDDED:.c=.o)
UNITS    := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c)))
FLOWS    := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/flow/test_*.c)))
DEBS     := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/deb/test_*.c)))
IMAGES   := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/image/test_*.c)))
WEBS     := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/web/test_*.c)))
FAULTS   := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/fault/test_*.c)))
FIGURES  := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/figures/test_*.c)))
FUZZED   := $(patsubst %.c,$(B)/%.o,$(filter-out tests/fuzz/main.c tests/fuzz/pack.c,$(sort $(wildcard tests/fuzz/*.c))))
TABLES   := $(patsubst %,$(B)/tests/support/%.o,table blocks lines choice definition_cases json_cases)
SUPPORT  := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/support/*.c))) $(FUZZED)

BENCHES  := $(patsubst %.c,$(B)/%,$(sort $(wildcard bench/*.c bench/peers/*.c)))

# For the targets that install first and build then; -j given by hand comes before it.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all build test unit flow fault asan tsan valgrind fuzz lint format coverage bench peers peers-servers demo docs man servers web nemesis \
        figures install dist deb deb-test image image-test deps help clean tests
.DELETE_ON_ERROR:
.SECONDARY:

all: build

build: $(B)/pagetide ## build the binary: build/release/pagetide

$(B)/pagetide: $(B)/cli/main.o $(B)/libpagetide.a
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/libpagetide.a: $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

# The same with its crash points (lib/base/crash.h) at work, and allocations that fail.
$(B)/pagetide-faults: $(B)/cli/main.o $(B)/tests/fault/crash_points.o $(B)/tests/fault/no_memory.o $(B)/libpagetide.a
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# What no record passes is made small, not quick.
COLD := cli config config/import lib/base lib/core lib/core/expr lib/port scheduler schema web worker worker/access \
    worker/after worker/crawl worker/discover worker/exchange worker/load worker/pace worker/paging worker/places \
    worker/records worker/rehearsal worker/replay worker/rows worker/signs worker/values
HOT  := $(addprefix lib/base/,arena.c arena_buf.c buf.c charset.c date.c json_out.c mem.c spill.c str.c unescape.c) \
    $(addprefix lib/core/,decimal.c expr.c scan.c scan_decode.c value.c value_parse.c xml_json.c) \
    $(addprefix lib/core/expr/,eval.c eval_node.c) lib/port/hash.c \
    $(addprefix worker/load/,probe.c row_keys.c) \
    $(addprefix worker/records/,csv.c fields.c jsontext.c name_index.c named.c ndjson.c record.c record_id.c records.c) \
    $(addprefix worker/rows/,batch.c bind.c convert.c cut.c row.c) \
    $(addprefix worker/values/,encode.c form.c form_clock.c input.c)
ifeq ($(FLAVOUR),release)
$(patsubst %.c,$(B)/%.o,$(filter-out $(HOT),$(wildcard $(COLD:%=%/*.c)))): CFLAGS += -Os
endif

$(B)/gen/%.o: $(B)/gen/%.c
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

TABLES_SQL    := $(sort $(wildcard schema/tables/*.sql))
FUNCTIONS_SQL := $(sort $(wildcard schema/functions/*.sql))
$(B)/gen/sql.c: tools/embed.sh Makefile schema/tables schema/functions schema/apply.sql schema/comments.sql $(TABLES_SQL) $(FUNCTIONS_SQL)
	@mkdir -p $(@D)
	{ tools/embed.sh --packed packed_tables $(TABLES_SQL); \
	  tools/embed.sh --packed-sql packed_functions $(FUNCTIONS_SQL); \
	  tools/embed.sh --packed packed_apply schema/apply.sql; \
	  tools/embed.sh --packed packed_comments schema/comments.sql; \
	  tools/embed.sh --digest functions_digest $(FUNCTIONS_SQL) schema/comments.sql; } > $@

$(B)/gen/lua.c: tools/embed.sh Makefile lib/core/lua $(wildcard lib/core/lua/*.lua)
	@mkdir -p $(@D)
	tools/embed.sh embedded_lua $(sort $(wildcard lib/core/lua/*.lua)) > $@

$(B)/gen/catalogue.c: tools/embed.sh Makefile config/catalogue $(wildcard config/catalogue/*.yaml)
	@mkdir -p $(@D)
	tools/embed.sh --packed packed_catalogue $(sort $(wildcard config/catalogue/*.yaml)) > $@

WEB_PAGE    := web/app.js web/icon.svg web/index.html web/style.css
WEB_QUERIES := $(sort $(wildcard web/queries/*.sql))
$(B)/gen/web.c: tools/embed.sh Makefile web/queries $(WEB_PAGE) $(WEB_QUERIES)
	@mkdir -p $(@D)
	{ tools/embed.sh --packed packed_page $(WEB_PAGE); \
	  tools/embed.sh embedded_queries $(WEB_QUERIES); } > $@

$(B)/tests/%: $(B)/tests/%.o $(B)/libtestsupport.a $(B)/libpagetide.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -o $@ $< $(B)/libtestsupport.a $(B)/libpagetide.a $(CHECK_LIBS) $(LDLIBS)

$(FAULTS): | $(B)/pagetide-faults
$(B)/tests/unit/oracle/test_expr_oracle: | $(B)/tests/oracle/expr_lines

$(B)/libtestsupport.a: $(SUPPORT)
	@rm -f $@
	@ar rcs $@ $^

$(B)/bench/%: $(B)/bench/%.o $(B)/libtestsupport.a $(B)/libpagetide.a
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

tests: $(B)/pagetide $(B)/pagetide-faults $(BENCHES) $(UNITS) $(FLOWS) $(FAULTS) $(DEBS) $(IMAGES) $(WEBS) $(FIGURES)

KINDS ?= unit flow fault
test: deps ## everything a contributor needs, from a bare machine
	@$(MAKE) $(PARALLEL) tests
	tools/run-tests.sh $(B) $(KINDS)

unit: deps ## the unit suites alone
	@$(MAKE) $(PARALLEL) $(UNITS)
	tools/run-tests.sh $(B) unit

flow: deps ## the flow tests alone
	@$(MAKE) $(PARALLEL) tests
	tools/run-tests.sh $(B) flow

# A suite that chooses by chance takes its seed from here, or from the clock, and says which.
ifneq ($(SEED),)
export PAGETIDE_TEST_SEED := $(SEED)
endif

fault: deps ## the fault tests alone, and a table of what they did; again: SEED=…
	@$(MAKE) $(PARALLEL) tests
	tools/run-tests.sh $(B) fault; status=$$?; tools/fault-table.sh $(B) && exit $$status

nemesis: deps ## T seconds (T=60) of everything at once, by chance; again: SEED=…
	@$(MAKE) $(PARALLEL) $(B)/pagetide $(B)/tests/fault/test_nemesis
	tools/nemesis.sh $(B) $(T)

SOAK ?= 60
figures: deps ## how soon all is well again, and what much of everything costs; SOAK=1800, FIGURE=one
	@$(MAKE) $(PARALLEL) $(B)/pagetide $(FIGURES) $(B)/tests/fault/test_nemesis
	SUITE_LIMIT_S=7200 SOAK_SECONDS=$(SOAK) tools/run-tests.sh $(B) figures
	$(if $(FIGURE),,NEMESIS_KILLS=1000 tools/nemesis.sh $(B) 1)

asan: ## the same tests under AddressSanitizer and UBSan
	$(MAKE) test FLAVOUR=asan

tsan: ## the same tests under ThreadSanitizer
	$(MAKE) test FLAVOUR=tsan

valgrind: deps ## the fault tests, their program under valgrind's memcheck; SUITES='fault/test_http …'
	@tools/deps.sh valgrind
	@$(MAKE) $(PARALLEL) FLAVOUR=valgrind tests
	tools/valgrind.sh build/valgrind $(or $(SUITES),fault)

$(B)/pack: $(B)/tests/fuzz/pack.o $(FUZZED) $(TABLES) $(B)/libpagetide.a
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/fuzz: $(B)/tests/fuzz/main.o $(FUZZED) $(TABLES) $(B)/libpagetide.a
	@echo "  LD $@"
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

coverage: deps ## lines of the code that the unit and flow tests reach
	@$(MAKE) $(PARALLEL) FLAVOUR=cover tests
	@find build/cover -name '*.gcda' -delete
	tools/run-tests.sh build/cover unit flow; status=$$?; tools/coverage.sh build/cover && exit $$status

T ?= 60
fuzz: ## fuzz each target for T seconds (T=60), with clang's libFuzzer, ASan and UBSan
	@tools/deps.sh fuzz
	$(MAKE) FLAVOUR=fuzz CC=clang build/fuzz/fuzz build/fuzz/pack
	tools/fuzz.sh $(T)

lint: ## format, comments, clang-tidy, layers, circles, headers, shell scripts
	tools/lint.sh

format: ## rewrite the sources in the house format
	clang-format -i $$(git ls-files '*.c' '*.h')

bench: ## every figure of docs/performance.md, beside psql \copy; QUICK=1, ROWS='upsert append'
	@tools/deps.sh bench
	@$(MAKE) $(PARALLEL) build $(BENCHES)
	bench/run.sh $(B)

peers: ## other tools beside Pagetide, installed: dlt, Airbyte, Singer …; PEERS='dlt sling' RECORDS=100000
	@tools/deps.sh bench
	@$(MAKE) $(PARALLEL) build $(BENCHES)
	bench/peers/run.sh $(B)

peers-servers: ## dlt and ingestr on real API servers, beside Pagetide; some alone: ONLY='drf tastypie'
	@tools/deps.sh bench
	@$(MAKE) $(PARALLEL) build $(BENCHES)
	PEERS=1 tests/servers/run.sh $(B) $(ONLY)

servers: deps ## real API servers, installed and filled; one alone: ONLY=kinto
	@$(MAKE) $(PARALLEL) build
	tests/servers/run.sh $(B) $(ONLY)

PICTURES ?=
web: ## the dashboard in a headless Chromium; PICTURES=docs/images takes its pictures anew
	@tools/deps.sh web || echo "web: what is lacking here cannot be installed"
	@$(MAKE) $(PARALLEL) build $(B)/bench/mock
	tests/web/run.sh $(B) $(PICTURES)

docs: build ## write into docs/ what the program knows: keys, expressions, events
	tools/docs.sh $(B)

man: build ## write the manual pages: build/release/man
	tools/man.sh $(B) $(B)/man

demo: deps ## the main job on private servers: build, run, show the result
	@echo "Building $(B)/pagetide"
	@$(MAKE) -s $(PARALLEL) build $(B)/bench/mock
	@tools/demo.sh $(B)

dist: ## the source archive of the version: build/pagetide-VERSION.tar.gz
	tools/dist.sh pagetide-$(VERSION) build/pagetide-$(VERSION).tar.gz

deb: ## the Debian package, from the source archive: build/deb
	@tools/deps.sh deb
	tools/deb.sh $(VERSION) build/deb

deb-test: ## the package, built, installed into a root of its own, and purged
	@tools/deps.sh deb
	@$(MAKE) $(PARALLEL) build $(DEBS)
	tools/run-tests.sh $(B) deb

image: ## the images `pagetide` and `pagetide-mock`, and what they take, by Docker or Podman
	@tools/deps.sh image
	tools/image.sh build

image-test: deps ## the images, built, and run with private servers
	@tools/deps.sh image
	@$(MAKE) $(PARALLEL) build $(IMAGES)
	tools/run-tests.sh $(B) image

deps: ## install what a bare Debian 12 lacks
	@tools/deps.sh

PREFIX  ?= /usr/local
DATADIR  = $(DESTDIR)$(PREFIX)/share
LIBDIR   = $(DESTDIR)$(PREFIX)/lib
UNITDIR  = $(PREFIX)/lib/systemd/system
install: build man ## install binary, manual pages, completion, systemd units (PREFIX=/usr/local)
	install -D -m 0755 $(B)/pagetide $(DESTDIR)$(PREFIX)/bin/pagetide
	@mkdir -p $(B)/gen
	for shell in bash zsh fish; do $(B)/pagetide completion $$shell > $(B)/gen/completion.$$shell || exit 1; done
	install -D -m 0644 $(B)/gen/completion.bash $(DATADIR)/bash-completion/completions/pagetide
	install -D -m 0644 $(B)/gen/completion.zsh $(DATADIR)/zsh/site-functions/_pagetide
	install -D -m 0644 $(B)/gen/completion.fish $(DATADIR)/fish/vendor_completions.d/pagetide.fish
	install -D -m 0644 -t $(DATADIR)/man/man1 $(B)/man/*.1
	install -D -m 0644 -t $(DATADIR)/man/man5 $(B)/man/*.5
	install -D -m 0644 -t $(DESTDIR)$(UNITDIR) deploy/systemd/*.service
	sed -i 's,/usr/bin/pagetide,$(PREFIX)/bin/pagetide,' $(DESTDIR)$(UNITDIR)/pagetide-*.service
	install -D -m 0644 deploy/systemd/sysusers.conf $(LIBDIR)/sysusers.d/pagetide.conf

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

clean: ## remove build/
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
