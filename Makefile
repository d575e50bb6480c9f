# SPDX-License-Identifier: GPL-2.0
#
# drm_gem_pages: what can be done here. Kbuild is what the kernel's build reads.

override BUILD := $(abspath $(or $(BUILD),build))
KDIR ?= /lib/modules/$(shell uname -r)/build
MO ?= $(BUILD)/modules
KERNELS := um x86_64 x86_64-debug

help:
	@echo 'make run        build a kernel, boot it on the model of a Mali GPU, and show Panthor on the'
	@echo '                library with more buffers than memory'
	@echo 'make show       show what happens to the pages of a buffer, on the sample driver'
	@echo 'make test       run all tests (tests/run --help)'
	@echo 'make test-long  memory pressure, races and failing allocations for long, and both'
	@echo '                drivers built for x86_64 and arm64'
	@echo 'make check      check the style of the code, and our rules'
	@echo 'make rules      try the semantic patches for drivers (tools/rules --help)'
	@echo 'make bench      measure what reclaim costs (bench/run --help)'
	@echo 'make modules    build the modules for the kernel that KDIR=DIR was built in;'
	@echo '                they go to build/modules, or where MO=DIR says'
	@echo 'make panthor    build the Panthor driver on the library for the kernel that was built'
	@echo '                in KDIR=DIR, of the same source as KSRC=DIR; it goes to'
	@echo '                build/panthor/out, or where PO=DIR says (ARCH=arm64 works)'
	@echo 'make msm        the same for msm'
	@echo 'make htmldocs   build the documentation'
	@echo 'make kernels    build the kernels that the tests run on'
	@echo 'make user       build the programs that run inside them'
	@echo 'make clean      remove what was built of the library, and the logs'
	@echo 'make distclean  remove all of build/, sources and kernels as well'
	@echo 'KSRC=DIR        use this kernel source instead of fetching one'
	@echo 'BUILD=DIR       build there instead of in build/'

# What is allowed is a report of User-Mode Linux's own, see tests/steps/23-reclaim-um.
run:
	@tools/deps build driver
	@tools/kernel um >/dev/null
	@$(MAKE) --no-print-directory -s user
	@ARCH=um tools/driver panthor --kdir $(BUILD)/kernel-um --out $(BUILD)/panthor/um >/dev/null
	@tools/vm --gpu 10.8 --driver gpu-sched --driver $(BUILD)/panthor/um/panthor/panthor.ko \
		--no-leaks --allow '(?s)suspicious RCU usage.*lib/maple_tree\.c.*flush_tlb' \
		--add $(BUILD)/user/panthor/panthor_show -- panthor_show

show:
	@tools/deps build
	@$(MAKE) --no-print-directory -s user
	@tools/vm --add $(BUILD)/user/show -- show

test:
	@tools/deps
	@tests/run

test-long:
	@tools/deps
	@tests/run long-

check:
	@tools/style

rules:
	@tools/rules

bench:
	@tools/deps build run
	@bench/run

user:
	@$(MAKE) -C tests/user O=$(BUILD)/user

# W, C and the like reach the kernel's build by themselves.
modules:
	@mkdir -p $(MO)
	+$(MAKE) -C $(KDIR) M=$(CURDIR) MO=$(abspath $(MO)) modules

panthor msm:
	@tools/deps build $(if $(findstring aarch64-linux-gnu-,$(CROSS_COMPILE)),arm64)
	+@tools/driver --kdir $(KDIR) $(if $(PO),--out $(PO)) $@

htmldocs:
	@tools/htmldocs

kernels: $(KERNELS:%=kernel-%)

kernel-%:
	@tools/kernel $*

clean:
	rm -rf $(BUILD)/modules* $(BUILD)/style $(BUILD)/rules $(BUILD)/user $(BUILD)/log $(BUILD)/html \
		$(BUILD)/doctrees $(BUILD)/panthor $(BUILD)/msm $(BUILD)/igt-preload

distclean:
	rm -rf $(BUILD)

.PHONY: help run show test test-long check rules bench user modules panthor msm htmldocs kernels \
	clean distclean
