/** `remove_boilerplate_lines`: what web pages put around their text. */
import { z } from "zod";
import { textChange } from "../../../operator.js";
import { mapProse } from "../scan/codeSpans.js";

/** Longest line that can be boilerplate; the patterns below see no longer one. */
const longestLine = 200;

/** Lines that are navigation, a notice or a call to act, and nothing else. */
const navigation: readonly RegExp[] = [
  /^(?:[>»▶▼↓【[(（]{1,3}\s{0,2})?(?:请)?(?:点击|点此|点我|戳我|戳这里|猛戳|单击|點擊)(?:这里|此处|下方|上方|左下角|右下角|右上角|下方链接|链接|图片|按钮|「|“)?.{0,6}(?:查看|阅读|展开|加载|了解|浏览|进入|下载|關注|关注|订阅|訂閱|查閱|閱讀)(?:全文|原文|更多|详情|完整|全部|大图|原图|详细|内容|我们|下载).{0,8}$/,
  /^(?:查看更多|查看全文|查看原文|查看详情|阅读全文|阅读原文|阅读更多|展开全文|展开全部|加载更多|收起全文|显示全部|返回顶部|返回首页|回到顶部|上一页|下一页|上一篇|下一篇|更多精彩|更多内容|网站地图|加入收藏|设为首页|联系我们|关于我们|扫码下载|立即下载|打开APP|登录注册|分享到|我要评论|发表评论|相关阅读|相关推荐|相关文章|热门推荐|猜你喜欢|推荐阅读|延伸阅读|广告)(?:[>»…!！:：.。↓\s]{0,4})$/,
  /^(?:上一篇|下一篇|上一页|下一页)[:：].{1,100}$/,
  /^(?:长按|长按识别|扫描|扫一扫|扫码|微信扫一扫|长按扫描|识别).{0,12}(?:二维码|关注|公众号|下载|小程序).{0,30}$/,
  /^(?:欢迎|敬请|快来|记得|请)?(?:关注|订阅|搜索)(?:我们的?|本|微信|官方)*(?:公众号|微信号|微博|订阅号|视频号|头条号).{0,40}$/,
  /^分享(?:到|至)[:：]?\s*(?:(?:微信|微博|朋友圈|QQ|QQ空间|新浪微博|腾讯微博|豆瓣|人人网)[\s、,，|]*){0,8}$/,
  /^(?:read more|continue reading|show more|load more|see more|learn more|click here(?: to [\w ]{1,40})?|back to top|skip to (?:main )?content|previous (?:post|article|page)|next (?:post|article|page)|leave a (?:comment|reply)|post a comment|share this(?: article| post| page)?|share on (?:facebook|twitter|x|linkedin|whatsapp|pinterest|reddit)|tweet this|follow us(?: on [\w ,]{1,40})?|sign up for (?:our|the) (?:[\w ]{0,20})newsletter|subscribe to our (?:[\w ]{0,20})(?:newsletter|channel|mailing list)|related (?:posts|articles|stories)|you may also like|advertisement|sponsored content|sitemap|site map)[.!:…»>\s]{0,4}$/i,
];

/** Legal lines and notices: copyright, cookies, registration numbers, "do not reprint". */
const notices: readonly RegExp[] = [
  /^(?:版权所有|版權所有|copyright\s*(?:©|\(c\)|[12]\d{3})|©\s*(?:copyright\s*)?[12]\d{3}|\(c\)\s*[12]\d{3}).{0,120}$/i,
  /^.{0,80}(?:all rights reserved|版权所有,?，?(?:侵权必究|翻印必究|未经)|保留所有权利|保留一切权利).{0,60}$/i,
  /^.{0,30}(?:[京沪粤浙苏鲁闽川渝津冀晋辽吉黑皖赣豫鄂湘桂琼贵云陕甘青蒙宁新藏]ICP[备证]|公网安备|增值电信业务经营许可证).{0,60}$/,
  /^.{0,30}(?:未经.{0,12}(?:许可|授权|允许|同意)|如需转载|转载请|转载须).{0,16}(?:转载|注明|联系|出处|来源).{0,40}$/,
  /^(?:本文(?:来源|转自|转载自|首发于|源自)|文章来源|稿件来源|原标题|责任编辑|责编|本文编辑|原文链接|本文链接|图片来源|阅读量|浏览量|发布时间|更新时间)[:：].{0,100}$/,
  /^(?:this (?:web)?site|we|our (?:web)?site|our partners and we|we and our partners) (?:uses?|use) cookies\b.{0,170}$/i,
  /^.{0,40}(?:accept (?:all )?cookies|cookie (?:settings|preferences|consent|notice)|by (?:continuing|using) (?:to (?:use|browse) )?(?:this|our) (?:web)?site,? you (?:agree|consent|accept)).{0,100}$/i,
  /^(?:本(?:网站|站)|我们)(?:会)?使用\s?cookies?.{0,120}$/i,
  /^(?:please )?(?:enable javascript|javascript (?:is|must be|seems to be) (?:disabled|enabled|required)).{0,100}$/i,
  /^(?:proudly )?powered by (?:wordpress|discuz!?|blogger|drupal|joomla!?|hexo|hugo|phpbb|vbulletin|shopify).{0,40}$/i,
];

/**
 * Removes whole lines that are navigation ("点击查看更多", "Read more"), notices of cookies and
 * copyright, registration numbers and the like, outside code. Only a line that is nothing else is
 * taken, and a text that would be left empty stays as it is. Cf. C4's list of policy phrases
 * (Raffel et al. 2020, https://jmlr.org/papers/v21/20-074.html), which drops any line that
 * mentions one: too wide for conversations, where people ask about privacy policies.
 */
export const removeBoilerplateLines = textChange({
  name: "remove_boilerplate_lines",
  summary:
    "remove boilerplate lines of web pages: 点击查看更多, Read more, cookie and copyright notices",
  options: z.strictObject({
    navigation: z.boolean().default(true).describe("lines that ask to click, share, follow"),
    notices: z.boolean().default(true).describe("lines about copyright, cookies, registration"),
    lines: z
      .array(z.string().min(1))
      .default([])
      .describe("more lines to remove; each is compared as a whole, without surrounding spaces"),
  }),
  prepare(options) {
    const patterns = [
      ...(options.navigation ? navigation : []),
      ...(options.notices ? notices : []),
    ];
    const given = new Set(options.lines.map((line) => line.trim()));
    const isBoilerplate = (line: string) => {
      const bare = line.length > 2 * longestLine ? "" : line.trim();
      if (bare === "" || bare.length > longestLine) return false;
      return given.has(bare) || patterns.some((pattern) => pattern.test(bare));
    };
    return (text) => {
      const cleaned = mapProse(text, (prose) => withoutLines(prose, isBoilerplate), {
        inlineIsProse: true,
      });
      return cleaned.trim() === "" ? text : cleaned;
    };
  },
});

function withoutLines(prose: string, isBoilerplate: (line: string) => boolean): string {
  const lines = prose.split("\n");
  const kept = lines.filter((line) => !isBoilerplate(line));
  return kept.length === lines.length ? prose : kept.join("\n");
}
