// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The texts of the page in the browser's language: Korean or English.
const ENGLISH = {
  title: 'StateManager',
  live: 'live',
  connecting: 'connecting…',
  away: 'no connection, trying again…',
  storeAway: (time, reason) => `States as of ${time}: ${reason || 'the store cannot be reached'}.`,
  notRead: reason => `The server cannot answer: ${reason}.`,
  search: 'Name or cause ( / )',
  shown: (shown, all) => (shown === all ? `${number(all)} packages` : `${number(shown)} of ${number(all)} packages`),
  noPackages: 'There are no packages yet. Store some artifacts:',
  noMatch: 'No package matches.',
  back: 'All packages',
  unknown: name => `Package ${name} is not known.`,
  now: 'now',
  since: 'since',
  columns: ['Scenario', 'Package', 'Models', 'Containers'],
  column: ['Scenario', 'Package', 'Model', 'Container'],
  by: 'by',
  reconcile: 'Reconcile',
  noScenario: 'No scenario targets this package, so no reconcile request can be sent.',
  requests: count => (count === 1 ? '1 request' : `${count} requests`),
  lastOutcome: 'last result',
  underWay: 'in progress',
  next: 'next in',
  causes: 'Causes',
  timeline: 'Timeline',
  history: 'History',
  historyUnavailable: reason => `The history cannot be read now: ${reason}.`,
  time: 'Time',
  change: 'Change',
  after: 'After',
  cause: 'Cause',
  artifactBroken: 'The stored artifact cannot be used, and no good one is known:',
  lastGoodInForce: 'The stored artifact cannot be used, the last good one is in force:',
  noState: 'no state',
  absent: 'not in the last report',
  removed: 'removed from its node',
  matchedByName: 'found by its name',
  exitCode: 'exit code',
  states: {},
};

const KOREAN = {
  title: 'StateManager',
  live: '실시간',
  connecting: '연결 중…',
  away: '연결이 끊겼습니다. 다시 연결하는 중…',
  storeAway: (time, reason) => `${time} 기준 상태입니다: ${reason || '저장소에 연결할 수 없습니다'}.`,
  notRead: reason => `서버가 응답할 수 없습니다: ${reason}.`,
  search: '이름 또는 원인 ( / )',
  shown: (shown, all) => (shown === all ? `패키지 ${number(all)}개` : `패키지 ${number(all)}개 중 ${number(shown)}개`),
  noPackages: '아직 패키지가 없습니다. 아티팩트를 저장하세요:',
  noMatch: '조건에 맞는 패키지가 없습니다.',
  back: '전체 패키지',
  unknown: name => `패키지 ${name}을(를) 찾을 수 없습니다.`,
  now: '방금',
  since: '시작',
  columns: ['시나리오', '패키지', '모델', '컨테이너'],
  column: ['시나리오', '패키지', '모델', '컨테이너'],
  by: '출처',
  reconcile: '복구 요청',
  noScenario: '이 패키지를 대상으로 하는 시나리오가 없어 복구를 요청할 곳이 없습니다.',
  requests: count => `요청 ${count}회`,
  lastOutcome: '마지막 결과',
  underWay: '진행 중',
  next: '다음 요청까지',
  causes: '상태의 원인',
  timeline: '타임라인',
  history: '이력',
  historyUnavailable: reason => `이력을 지금 읽을 수 없습니다: ${reason}.`,
  time: '시각',
  change: '변화',
  after: '이전 상태 지속',
  cause: '원인',
  artifactBroken: '저장된 아티팩트를 사용할 수 없으며 알려진 정상 아티팩트가 없습니다:',
  lastGoodInForce: '저장된 아티팩트를 사용할 수 없어 마지막 정상 아티팩트가 적용 중입니다:',
  noState: '상태 없음',
  absent: '마지막 보고에 없음',
  removed: '노드에서 제거됨',
  matchedByName: '이름으로 찾음',
  exitCode: '종료 코드',
  states: {
    Error: '오류',
    Degraded: '일부 고장',
    Paused: '일시정지',
    Exited: '종료',
    Idle: '유휴',
    Running: '실행 중',
    Dead: '고장',
    Created: '생성됨',
    Waiting: '대기',
    Satisfied: '충족',
    Allowed: '허용',
    Denied: '거부',
    Completed: '완료',
  },
};

export const number = value => NUMBERS.format(value);
export const language = navigator.language.startsWith('ko') ? 'ko' : 'en';
export const texts = language === 'ko' ? KOREAN : ENGLISH;
const NUMBERS = new Intl.NumberFormat(language);
// Escapes invisible characters and those that change the direction of text. Names, causes and reasons come from other
// components, so each passes through here before it is drawn.
export const shown = text =>
  (text ?? '').replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu,
    character => `\\u{${character.codePointAt(0).toString(16).toUpperCase()}}`,
  );

export const stateText = state => (state ? (texts.states[state] ?? state) : texts.noState);

/** @type {[string, number][]} */
const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const SHORT = Object.fromEntries(
  UNITS.map(([unit]) => [unit, new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'narrow' })]),
);

// A duration in its two largest units, such as 3d 4h or 12m 5s.
export function duration(millis) {
  if (millis < 1_000) {
    return `${Math.max(0, Math.round(millis))} ms`;
  }
  let seconds = Math.floor(millis / 1_000);
  const parts = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    if (count > 0 || parts.length > 0) {
      parts.push(count > 0 ? SHORT[unit].format(count) : null);
      seconds -= count * size;
    }
  }
  return parts.slice(0, 2).filter(Boolean).join(' ');
}

// The time since a moment.
export function ago(time) {
  const millis = Date.now() - new Date(time).getTime();
  return millis < 1_000 ? texts.now : duration(millis);
}

const CLOCK = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });
export const clock = time => CLOCK.format(new Date(time));

// A time of today as HH:MM:SS, any other with its date.
const TIME = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' });
export const time = text => {
  const date = new Date(text);
  return date.toDateString() === new Date().toDateString() ? TIME.format(date) : CLOCK.format(date);
};
