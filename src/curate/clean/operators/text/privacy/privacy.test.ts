import { describe, expect, test } from "vitest";
import { isRejection } from "../../../operator.js";
import { changed, rowOf } from "../testRows.js";
import { replaceBankCard } from "./bankCard.js";
import { replaceEmail } from "./email.js";
import { replaceIdCard } from "./idCard.js";
import { replaceIp } from "./ip.js";
import { replacePhone } from "./phone.js";
import { replaceSecrets } from "./secrets.js";

describe("e-mail", () => {
  const clean = (text: string, options = {}) => changed(replaceEmail, text, options);

  test("addresses are replaced in Chinese, English and code", async () => {
    expect(await clean("邮箱是zhang.san+a@mail.qq.com，或 'li_si@163.com'。")).toBe(
      "邮箱是<EMAIL>，或 '<EMAIL>'。",
    );
    expect(await clean("Mail bob@gmail.com, eve@uni-x.ac.uk.")).toBe("Mail <EMAIL>, <EMAIL>.");
    expect(await clean("`to = 'a@b.com.cn'`")).toBe("`to = '<EMAIL>'`");
    expect(await clean("`a@qq.com` a@qq.com", { code: false })).toBe("`a@qq.com` <EMAIL>");
  });

  test("what is no address, or nobody's, stays", async () => {
    for (const text of [
      "@media screen, @Override, a @ b, user@localhost, me@, 价格@3.5",
      "git@github.com:user/repo.git icon@2x.png npm i vue@3.2.1 foo@bar",
      "name@example.com test@example.org you@yourdomain.com xxx@xx.com",
      "https://medium.com/@user.name/post",
      "john.doe@gmail.com your.email@gmail.com noreply@github.com someone@somewhere.com user@163.com",
      "ssh ubuntu@ec2-1-2-3-4.amazonaws.com; scp a.txt bob@box.uni-x.de:/tmp https://$A:$TOKEN@github.com",
    ]) {
      expect(await clean(text)).toBe(text);
    }
    expect(await clean("name@example.com", { keep_examples: false })).toBe("<EMAIL>");
  });
});

describe("telephone", () => {
  const clean = (text: string, options = {}) => changed(replacePhone, text, options);

  test("mobile numbers of China, in each grouping", async () => {
    for (const number of [
      "13812345678",
      "138 1234 5678",
      "138-1234-5678",
      "+86 13812345678",
      "+86-138-1234-5678",
      "8613812345678",
    ]) {
      expect(await clean(`我的电话是${number}，请联系。`)).toBe("我的电话是<PHONE>，请联系。");
    }
    expect(await clean("手机：19912345678")).toBe("手机：<PHONE>");
  });

  test("landlines of China with area code and extension", async () => {
    for (const number of [
      "010-62781234",
      "0571-8765432",
      "(021)62345678",
      "（0755）26781234",
      "010-62781234-801",
      "+86 10 6278 1234",
    ]) {
      expect(await clean(`座机 ${number}。`)).toBe("座机 <PHONE>。");
    }
    expect(await clean("电话：01062781234")).toBe("电话：<PHONE>");
    expect(await clean("电话：10-62781234")).toBe("电话：<PHONE>");
  });

  test("numbers of North America and in international form", async () => {
    for (const number of [
      "(415) 555-2671",
      "415-555-2671",
      "415.555.2671",
      "+1 415-555-2671",
      "+44 20 7123 4567",
      "+4915112345678",
    ]) {
      expect(await clean(`Call ${number} now`)).toBe("Call <PHONE> now");
    }
  });

  test("versions, sums, decimals, amounts, dates, codes and service numbers stay", async () => {
    for (const text of [
      "版本 3.10.12345678, v1.2.3.4567890",
      "13812345678 + 1 = 13812345679",
      "x = 2 * 13812345678",
      "3.13812345678 和 0.13812345678",
      "售价13812345678元，约15000000000",
      "2023-01-15 2023-11-24 10:30:45 20231124103045",
      "订单号A13812345678，13812345678901",
      "1-2-3-4-5-6-7-8-9 1 2 3 4 5 6 7 8 9 10",
      "客服 400-123-4567，800-810-1234",
      "ISBN 978-7-115-42802-8",
      "100-200-3000, 12-345-6789, 5 + 12345678901",
      "(1234567890) [1234567890] 01062781234",
      "192.168.100.100",
      "3 000 000 000 km",
      "分别是 310 2500 3600 和 550 800 1200",
      "The readings were 310 2500 3600, then 420-3500-4800.",
    ]) {
      expect(await clean(text)).toBe(text);
    }
    expect(await clean("400-123-4567", { service_numbers: true })).toBe("<PHONE>");
  });
});

test("telephone numbers kept for fiction and tutorials stay", async () => {
  for (const text of [
    "(555) 555-1234, +1-555-0100, 1-800-555-0199, (202) 555-0173, 212-555-0147",
    "+44 20 7946 0958, +44 1632 960983, +44 7700 900123, +61 2 5550 1234",
    "123-456-7890, (123) 456-7890, 987-654-3210",
    "13800138000, 18888888888, +86 138 0013 8000",
  ]) {
    expect(await changed(replacePhone, text)).toBe(text);
  }
});

describe("ID card", () => {
  const clean = (text: string, options = {}) => changed(replaceIdCard, text, options);

  test("a number with a right checksum, with X, in groups, of the old form", async () => {
    expect(await clean("身份证号11010519491231002X。")).toBe("身份证号<ID_CARD>。");
    expect(await clean("身份证：440524188001010014")).toBe("身份证：<ID_CARD>");
    expect(await clean("110105 19491231 002x")).toBe("<ID_CARD>");
    expect(await clean("旧号 130503670401001")).toBe("旧号 <ID_CARD>");
    expect(await clean("旧号 130503670401001", { old_form: false })).toBe("旧号 130503670401001");
  });

  test("a wrong checksum, date or province, and longer numbers, stay", async () => {
    for (const text of [
      "110105194912310021",
      "11010519491331002X",
      "99010519491231002X",
      "130503671301001",
      "1130503670401001",
      "110105194912310021123",
      "0.440524188001010014",
      "440524188001010014 * 2",
    ]) {
      expect(await clean(text)).toBe(text);
    }
  });
});

describe("bank card", () => {
  const clean = (text: string) => changed(replaceBankCard, text);

  test("numbers of the networks that pass Luhn", async () => {
    for (const number of [
      "4716593820462175",
      "5403 1827 4695 0318",
      "6222021234567890128",
      "3712-648930-57185",
      "6011729384650188",
    ]) {
      expect(await clean(`卡号 ${number}。`)).toBe("卡号 <BANK_CARD>。");
    }
  });

  test("a wrong digit, another prefix, sums and decimals stay", async () => {
    for (const text of [
      "4716593820462176",
      "1234567890123456",
      "0.4716593820462175",
      "4716593820462175 + 1",
      "0000000000000000",
      "2 ^ 4716593820462175",
    ]) {
      expect(await clean(text)).toBe(text);
    }
  });
});

test("card numbers that payment services give for tests stay", async () => {
  for (const text of [
    "4242 4242 4242 4242, 4111 1111 1111 1111, 5555555555554444, 378282246310005",
    "6011111111111117, 3530111333300000, 4000 0000 0000 0002, 6200000000000005",
  ]) {
    expect(await changed(replaceBankCard, text)).toBe(text);
  }
});

describe("IP", () => {
  const clean = (text: string, options = {}) => changed(replaceIp, text, options);

  test("addresses of both versions", async () => {
    expect(await clean("服务器是47.98.123.45，端口47.98.123.45:8080")).toBe(
      "服务器是<IP>，端口<IP>:8080",
    );
    expect(await clean("from 2400:3200::1 and 2606:4700:4700:0:0:0:0:1111.")).toBe(
      "from <IP> and <IP>.",
    );
  });

  test("versions, sections, masks, loopback, private and documentation addresses stay by default", async () => {
    for (const text of [
      "127.0.0.1 0.0.0.0 255.255.255.0 192.0.2.10 203.0.113.7",
      "192.168.1.1 10.0.0.1 172.16.5.4 169.254.1.1",
      "version 20.104.3.21, v47.98.123.45, 版本号：47.98.123.45",
      "1.2.3.4 小节, 8.8.8.8",
      "114.114.114.114 223.5.5.5 208.67.222.222 123.45.67.89 123.123.123.123",
      "47.98.0.0/16, kernel 20.104.3.21, Chrome/120.0.99.109",
      "256.1.1.1 01.02.103.4 1.2.3 1.2.3.4.5 47.98.123.45.6",
      "std::vector a::b 12:30:45 00:1A:2B:3C:4D:5E ::1 fe80::1 2001:db8::1",
    ]) {
      expect(await clean(text)).toBe(text);
    }
    expect(await clean("127.0.0.1 192.168.1.1 8.8.8.8", { keep: [] })).toBe("<IP> <IP> <IP>");
    expect(await clean("fe80::1:2 192.168.1.1", { keep: ["special"] })).toBe("<IP> <IP>");
  });
});

describe("secrets", () => {
  const clean = (text: string) => changed(replaceSecrets, text);

  test("keys, tokens, private keys, passwords in addresses", async () => {
    const key = `sk-${"aB3dE6gH9k".repeat(4)}`;
    expect(await clean(`key="${key}"`)).toBe('key="<SECRET>"');
    expect(await clean("AKIAIOSFODNN7QZ3WXKP")).toBe("<SECRET>");
    expect(await clean("git clone https://bob:hunter2@git.host.com/x")).toBe(
      "git clone https://<SECRET>@git.host.com/x",
    );
    const body = "MIIEow/9k+".repeat(20).replace(/.{64}/g, "$&\n");
    const pem = `-----BEGIN RSA PRIVATE KEY-----\n${body}\n-----END RSA PRIVATE KEY-----`;
    expect(await clean(`${pem}\n好`)).toBe("<SECRET>\n好");
    expect(await clean(`key = "${pem.replaceAll("\n", "\\n")}"`)).toBe('key = "<SECRET>"');
  });

  test("examples and words stay", async () => {
    for (const text of [
      "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
      "sk-your-key",
      "https://host.com:8080/a@b",
      "task-force-of-the-year",
      "-----BEGIN PRIVATE KEY-----",
      "http://example.com/a:b@c",
    ]) {
      expect(await clean(text)).toBe(text);
    }
  });

  test.each([
    "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY, ASIAIOSFODNN7EXAMPLE",
    "sk-your-openai-api-key-goes-here sk-proj-YOUR_API_KEY_GOES_HERE_1234 sk-ant-api03-xxxxxxxxxxxxxxxx",
    "sk-1234567890abcdef1234567890abcdef sk-abcdefghijklmnopqrstuvwxyz123456 sk-00000000000000000000",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ghp_1234567890abcdefghijklmnopqrstuvwxyz",
    "hf_YourHuggingFaceTokenGoesHereABCDEF xoxb-your-token-here-please-1 LTAI4FExampleKeyId1234",
    "xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "postgres://user:password@db:5432/x mysql://root:root@localhost redis://default:secret@redis:6379",
    "https://$USER:$TOKEN@github.com/x https://<user>:<token>@host.com amqp://guest:guest@rabbitmq:5672",
    `https://bob:Xk29vLqP@example.com postgres://app:${"$"}{DB_PASSWORD}@db.host.com ftp://u:xxxxx@ftp.host.com`,
    ".sk-circle-fade-dot-animation-item-one { color: red }",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "A file begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----.",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA...(your key here)\n-----END RSA PRIVATE KEY-----",
  ])("of documentation stay: %s", async (text) => {
    expect(await clean(text)).toBe(text);
  });

  test("real ones go, also beside words", async () => {
    for (const key of [
      "sk-proj-R7dK2mQx9VbT4nZcW8pLhY3s",
      "ghp_R7dK2mQx9VbT4nZcW8pLhY3sJ6fG1aE5uQ0x",
      "AKIA4QXZ7WKPR2MDV3TN",
      "xoxb-482910573648-93kdLq72mZpXw",
    ]) {
      expect(await clean(`my key: ${key}`)).toBe("my key: <SECRET>");
    }
    expect(await clean("postgres://app:Xk29vLqP@db.shop.io/x")).toBe(
      "postgres://<SECRET>@db.shop.io/x",
    );
  });
});

test("the same value has the same number throughout a conversation", async () => {
  const row = rowOf("a@qq.com 和 b@qq.com", "B@qq.com?");
  const options = replaceEmail.options.parse({ numbered: true });
  const result = await replaceEmail.prepare(options)(row);
  if (isRejection(result)) throw new Error(result.reason);
  expect(result.messages.map(({ content }) => content)).toEqual([
    "<EMAIL_1>?",
    "<EMAIL_2> 和 <EMAIL_1>",
  ]);
  expect(row.messages[1]!.content).toBe("a@qq.com 和 b@qq.com");
});

test("reasoning and the arguments of tool calls are searched too", async () => {
  const call = { function: { name: "send", arguments: { to: ["a@qq.com"], n: 1 } } };
  const row = {
    messages: [
      {
        role: "assistant" as const,
        content: "好",
        reasoning_content: "发给a@qq.com",
        tool_calls: [call],
      },
    ],
    rest: {},
  };
  const result = await replaceEmail.prepare(replaceEmail.options.parse({ replacement: "[邮箱]" }))(
    row,
  );
  expect(result).toMatchObject({
    messages: [
      {
        reasoning_content: "发给[邮箱]",
        tool_calls: [{ function: { arguments: { to: ["[邮箱]"], n: 1 } } }],
      },
    ],
  });
  expect(call.function.arguments.to).toEqual(["a@qq.com"]);
});

test("arguments whose keys are numbers are searched in their order", async () => {
  const call = {
    function: {
      name: "f",
      arguments: new Map([
        ["10", "a@qq.com"],
        ["9", "b"],
      ]),
    },
  };
  const row = {
    messages: [{ role: "assistant" as const, content: "", tool_calls: [call] }],
    rest: {},
  };
  const result = await replaceEmail.prepare(replaceEmail.options.parse({}))(row);
  expect(result).toMatchObject({
    messages: [
      {
        tool_calls: [
          {
            function: {
              arguments: new Map([
                ["10", "<EMAIL>"],
                ["9", "b"],
              ]),
            },
          },
        ],
      },
    ],
  });
});

test("placeholders are not replaced again", async () => {
  for (const operator of [
    replaceEmail,
    replacePhone,
    replaceIdCard,
    replaceBankCard,
    replaceIp,
    replaceSecrets,
  ]) {
    const text =
      "a@qq.com 13812345678 11010519491231002X 4716593820462175 47.98.123.45 https://a:b@c.com";
    const once = await changed(operator, text, { numbered: true });
    expect(once).not.toBe(text);
    expect(await changed(operator, once, { numbered: true })).toBe(once);
  }
});
