// Voice input, where the browser has it. What was heard goes into the text box; the resident reads it before sending.

const REASONS = {
  "not-allowed": "浏览器没有得到使用麦克风的许可。",
  "service-not-allowed": "浏览器没有得到使用麦克风的许可。",
  "no-speech": "没有听到声音，请再试一次。",
  "audio-capture": "没有找到麦克风。",
};

export function voiceInput(button, input, tell) {
  const Recognition = window.SpeechRecognition || window.webkitSpeechRecognition;
  if (!Recognition) return;
  button.hidden = false;
  let session = null;

  const finish = () => {
    session = null;
    button.setAttribute("aria-pressed", "false");
    button.lastChild.textContent = "语音";
    input.focus();
  };
  button.addEventListener("click", () => {
    if (session) {
      session.stop();
      return;
    }
    const before = input.value;
    session = new Recognition();
    session.lang = "zh-CN";
    session.interimResults = true;
    session.addEventListener("result", (event) => {
      input.value = before + Array.from(event.results, (result) => result[0].transcript).join("");
      input.dispatchEvent(new Event("input"));
    });
    session.addEventListener("error", (event) => {
      if (event.error !== "aborted") tell(REASONS[event.error] || "语音没有识别出来，请打字输入。");
    });
    session.addEventListener("end", finish);
    try {
      session.start();
    } catch {
      finish();
      tell("语音没有启动，请打字输入。");
      return;
    }
    button.setAttribute("aria-pressed", "true");
    button.lastChild.textContent = "停止";
    tell("请说话。语音由您的浏览器识别，说完后请看一遍再发送。");
  });
}
