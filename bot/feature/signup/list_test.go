package signup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var papers = []struct {
	name, text string
	head       string
	items      []item
}{
	{"plain", "#接龙\n周六植树\n\n1. 张三\n2. 李四 参加", "周六植树", []item{{"张三", 1}, {"李四", 1}}},
	{"example line and trailer", "#接龙\n食堂订餐\n例 姓名 份数\n\n1. 张三 2份\n2. 李四\n\n大家快点接龙，三点结束", "食堂订餐", []item{{"张三", 2}, {"李四", 1}}},
	{"no blank", "#接龙\n订牛奶\n1.295-909 6份\n2.张三", "订牛奶", []item{{"295-909", 6}, {"张三", 1}}},
	{"goes on in the next line", "#接龙\n工作服\n1. 张三\n512 白色\n2. 李四", "工作服", []item{{"张三", 1}, {"李四", 1}}},
	{"one line, first is empty", "#接龙\n1. 2. 倪彩霞 gt7 3. 莓心", "", []item{{"倪彩霞", 1}, {"莓心", 1}}},
	{"all on one line", "#接龙 周六植树 1. 李四 2. 张伟", "周六植树", []item{{"李四", 1}, {"张伟", 1}}},
	{"placeholder of the starter", "#接龙\n植树\n1. \n2. 张三", "植树", []item{{"张三", 1}}},
	{"ways to bring somebody", "#接龙\n植树\n1. 张三+1\n2. 李四 ＋2\n3. 王五2人\n4. 赵六（3位）\n5. 钱七，两人", "植树",
		[]item{{"张三", 2}, {"李四", 3}, {"王五", 2}, {"赵六", 3}, {"钱七", 2}}},
	{"traditional mark, full-width", "#接龍\n植树\n１．张三\n２、李四", "植树", []item{{"张三", 1}, {"李四", 1}}},
	{"two with one number", "#接龙\n植树\n1. 张三\n2. 李四\n2. 王五", "植树", []item{{"张三", 1}, {"李四", 1}, {"王五", 1}}},
	{"absurd number of people", "#接龙\n植树\n1. 张三 500人\n2. 李四 0人", "植树", nil},
	{"who does not come", "#接龙\n植树\n1. 张三 参加\n2. 李四 请假\n3. 王五 不参加，出差\n4. 赵六（来不了）\n5. 钱七 不吃辣\n6. 孙八请假", "植树",
		[]item{{"张三", 1}, {"李四", 0}, {"王五", 0}, {"赵六", 0}, {"钱七", 1}, {"孙八", 0}}},
	{"nobody yet", "#接龙\n植树", "植树", nil},
}

func TestReadPaper(t *testing.T) {
	t.Parallel()
	for _, c := range papers {
		p, ok := readPaper(c.text, nil)
		if !ok || p.Head != c.head {
			t.Errorf("%s: %v, head %q; want %q", c.name, ok, p.Head, c.head)
		}
		if diff := cmp.Diff(c.items, p.Items); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
	for _, text := range []string{"", "接龙", "1. 张三\n2. 李四", "大家看 #接龙", "#接龙" + strings.Repeat("长", maxPaper)} {
		if _, ok := readPaper(text, nil); ok {
			t.Errorf("%.40q is taken for a list", text)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		head, title string
		want        bool
	}{
		{"周六植树", "周六植树", true},
		{"周六植树！早上八点集合", "周六植树", true},
		{"周六 植树", "周六植树", true},
		{"植树", "周六植树", true},
		{"周日聚餐", "周六植树", false},
		{"树", "周六植树", false},
		{"", "周六植树", false},
		{"周六植树", "！", false},
	} {
		p := paper{Head: c.head}
		if p.names(c.title) != c.want {
			t.Errorf("%q names %q: not %v", c.head, c.title, c.want)
		}
	}
}

func FuzzPaper(f *testing.F) {
	for _, c := range papers {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := readPaper(text, nil)
		if !ok && (p.Head != "" || p.Items != nil) {
			t.Error("no list, but something was read")
		}
		if len(p.Items) > maxItems {
			t.Errorf("%d items", len(p.Items))
		}
		for _, it := range p.Items {
			if it.Name == "" || it.People < 0 || it.People > maxPeople || strings.ContainsAny(it.Name, "\n") {
				t.Errorf("%+v", it)
			}
		}
		p.names("周六植树")
	})
}
