package schedule

import (
	"strings"
	"testing"
)

func TestSpoken(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"每天 8:00 学习 安全":         "0 8 * * * 学习 安全",
		"每日8：05 签到 20m":         "5 8 * * * 签到 20m",
		"每周三 9点半 题 安全":          "30 9 * * 3 题 安全",
		"每周一三五 上午 9:00 签到":      "0 9 * * 1,3,5 签到",
		"每周一至五 8点 签到":           "0 8 * * 1,2,3,4,5 签到",
		"每星期六到一 7:30 签到":        "30 7 * * 6,0,1 签到",
		"每周末 下午3点15分 题":         "15 15 * * 6,0 题",
		"工作日 8:30 签到":           "30 8 * * * 工作日 签到",
		"每个工作日 晚上7:00 题":        "0 19 * * * 工作日 题",
		"每月1日、15日 9:00 学习":      "0 9 1,15 * * 学习",
		"每月5号 中午12点 题":          "0 12 5 * * 题",
		"0 8 * * 1-5 lesson x":  "0 8 * * 1-5 lesson x",
		"每周三 题":                 "每周三 题",
		"每天早上学习":                "每天早上学习",
		"":                      "",
		"每周三 9:00":              "0 9 * * 3",
		"每周日 20:00 海报 工作日":      "0 20 * * 0 海报 工作日",
		"@daily lesson starter": "@daily lesson starter",
	} {
		if got := strings.Join(spoken(strings.Fields(said)), " "); got != want {
			t.Errorf("%s: %s, want %s", said, got, want)
		}
	}
}
