import { bothLanguages } from "../../language";

/** Names for people of the keys that matter most; the others are called by their key. */
export const keyTitles = bothLanguages(
  {
    model_name_or_path: "Model",
    train_file: "Data to learn from",
    train_mode: "Method",
    bits: "Bits of a weight",
    lora_rank: "Size of the adapter",
    num_train_epochs: "Times through the data",
    per_device_train_batch_size: "Conversations at once",
    gradient_accumulation_steps: "Batches to a step",
    learning_rate: "Learning rate",
    max_seq_length: "Longest conversation, in tokens",
  },
  {
    model_name_or_path: "模型",
    train_file: "训练数据",
    train_mode: "训练方式",
    bits: "权重位数",
    lora_rank: "适配器大小",
    num_train_epochs: "训练轮数",
    per_device_train_batch_size: "批大小",
    gradient_accumulation_steps: "梯度累积步数",
    learning_rate: "学习率",
    max_seq_length: "最长对话（词元）",
  },
);
