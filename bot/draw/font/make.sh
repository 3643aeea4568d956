#!/bin/sh
# Makes font.ttf anew, byte for byte: Debian's fonts-wqy-microhei 0.2.0-beta-3.1,
# cut down by fonttools 4.38 to the characters of GBK (all Han of names that
# people have on their identity cards but the very rarest), Latin letters, and
# some signs. GB2312 alone would save 1.8 MB and lack 玥, 喆, 堃 and 祎.
#
#	apt-get install fonts-wqy-microhei fonttools && sh bot/draw/font/make.sh
set -eu
cd "$(dirname "$0")"
gbk=$(mktemp)
trap 'rm -f "$gbk"' EXIT
python3 - >"$gbk" <<'PYTHON'
for first in range(0x81, 0xff):
    for second in range(0x40, 0xff):
        char = bytes([first, second]).decode("gbk", "ignore")
        if len(char) == 1 and char not in "ǎǐǒǔǘǚǜˊˋ℃℉ⅤⅩ":  # their glyphs are empty
            print(char, end="")
PYTHON
pyftsubset /usr/share/fonts/truetype/wqy/wqy-microhei.ttc --font-number=0 --output-file=font.ttf \
	--text-file="$gbk" --unicodes=20-7e,a0-ff,2022,20ac,2460-2473,2665,2713,2714,2716,2718 \
	--no-hinting --layout-features='' --drop-tables+=FFTM
